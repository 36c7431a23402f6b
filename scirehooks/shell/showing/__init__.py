"""How values look: styled text, tables and problems, before any terminal is known."""
