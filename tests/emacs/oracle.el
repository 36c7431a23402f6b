;;; oracle.el --- run the programs of the differential test in real Emacs  -*- lexical-binding: t -*-

;; emacs --batch -Q -l oracle.el -f oracle-main <programs >traces
;;
;; A program is one line of JSON, see programs.py; its trace is one line of text, the notes parted by semicolons.
;; Hooks and advice are Emacs's own; what is written here only reads the program and takes notes.

(require 'cl-lib)

(define-error 'oracle-boom "Boom")

;; Of the running program:
(defvar oracle-symbols nil "An obarray: each program has hooks and functions of its own.")
(defvar oracle-objects nil "Names of functions that hooks hold as objects, and these.")
(defvar oracle-bodies nil "Names of such functions, and what they do.")
(defvar oracle-isolating nil "Whether its hooks go on after an error.")
(defvar oracle-fuel 0 "How many functions may still do more than return.")
(defvar oracle-trace nil "The notes, latest first.")

;; Names and values

(defun oracle-symbol (name)
  (intern name oracle-symbols))

(defun oracle-function (name)
  "Return what a hook holds for NAME: the symbol, or for a NAME with an o the function itself."
  (cond ((/= (aref name 0) ?o) (oracle-symbol name))
        ((cdr (assoc name oracle-objects)))
        (t (let ((object (lambda (&rest args)
                           (apply (or (cdr (assoc name oracle-bodies)) #'ignore) args))))
             (push (cons name object) oracle-objects)
             object))))

(defun oracle-name (element)
  "Return the name of ELEMENT, which is in a hook."
  (if (symbolp element) (symbol-name element) (car (rassq element oracle-objects))))

(defun oracle-show (value)
  (cond ((functionp value) "fn")
        ((consp value) (concat "(" (mapconcat #'oracle-show value " ") ")"))
        (t (format "%s" value))))

(defun oracle-note (&rest words)
  (push (mapconcat #'identity words " ") oracle-trace))

(defun oracle-error (err)
  (pcase err
    (`(oracle-boom ,number) (format "boom %s" number))
    (`(void-function ,name) (format "void %s" name))
    (_ (format "%S" err))))

;; What programs are made of

(defmacro oracle-in (buffer &rest body)
  "Do BODY in BUFFER, by nil where we are."
  (declare (indent 1))
  `(with-current-buffer (or ,buffer (current-buffer)) ,@body))

(defun oracle-body (name takes tag actions give)
  "Return a function NAME that TAKES these of its arguments, does ACTIONS and returns what GIVE says."
  (lambda (&rest args)
    (let ((args (if (eq takes t) args (mapcar (lambda (n) (nth n args)) takes)))
          (last nil))
      (oracle-note (format "%s.%s" name tag) (oracle-show args))
      (when (and actions (>= (cl-decf oracle-fuel) 0))
        (dolist (action actions)
          (setq last (oracle-do action args))))
      (pcase give
        ("arg" (car args))
        ("cons" (cons tag (car args)))
        ("last" last)
        (_ give)))))

(defun oracle-isolated (rule hook args)
  "Run HOOK by RULE, going on after an error: no rule of Emacs's, but it is Emacs that walks the hook."
  (let ((result (equal rule "until_failure")))
    (apply #'run-hook-wrapped hook
           (lambda (function &rest args)
             (condition-case err
                 (let ((value (apply function args)))
                   (pcase rule
                     ("until_success" (setq result value))
                     ("until_failure" (not (or value (setq result nil))))))
               (error (oracle-note "!" (oracle-error err)) nil)))
           args)
    result))

(defun oracle-run (rule hooks args wrap)
  (let ((hook (car hooks)))
    (pcase-exhaustive (if (and oracle-isolating (not (equal rule "wrapped"))) "isolated" rule)
      ("isolated" (car (last (mapcar (lambda (hook) (oracle-isolated rule hook args)) hooks))))
      ("hooks" (apply #'run-hooks hooks))
      ("all" (apply #'run-hook-with-args hook args))
      ("until_success" (apply #'run-hook-with-args-until-success hook args))
      ("until_failure" (apply #'run-hook-with-args-until-failure hook args))
      ("wrapped" (apply #'run-hook-wrapped hook
                        (lambda (function &rest args)
                          (oracle-note "wrap" (oracle-name function))
                          (pcase-exhaustive wrap
                            ("call" (apply function args))
                            ("skip" nil)
                            ("stop" t)))
                        args)))))

(defun oracle-value (hook buffer)
  "Show the global value of HOOK, or the one it has in BUFFER."
  (oracle-in buffer
    (mapconcat #'oracle-name
               (if buffer (and (local-variable-p hook) (symbol-value hook)) (default-value hook))
               " ")))

(defun oracle-do (action args)
  "Do ACTION inside a function called with ARGS; return its value."
  (pcase-exhaustive action
    (`("add" ,hook ,function ,depth ,local)
     (oracle-in local (add-hook (oracle-symbol hook) (oracle-function function) depth (and local t)))
     nil)
    (`("remove" ,hook ,function ,local)
     (oracle-in local (remove-hook (oracle-symbol hook) (oracle-function function) (and local t)))
     nil)
    (`("run" ,rule ,hooks ,args ,scope ,wrap)
     (let ((value (oracle-in scope (oracle-run rule (mapcar #'oracle-symbol hooks) args wrap))))
       (oracle-note "=>" (oracle-show value))
       value))
    (`("define" ,name . ,body)
     (let ((function (apply #'oracle-body name body)))
       (if (eq (aref name 0) ?o)
           (setf (alist-get name oracle-bodies nil nil #'equal) function)
         (defalias (oracle-symbol name) function))
       nil))
    (`("undefine" ,name)
     (when (fboundp (oracle-symbol name)) (fmakunbound (oracle-symbol name)))
     nil)
    (`("advise" ,function ,how ,advice ,name ,depth)
     (advice-add (oracle-symbol function) (intern (concat ":" how)) (oracle-function advice)
                 `((depth . ,depth) ,@(and name `((name . ,(oracle-symbol name))))))
     nil)
    (`("unadvise" ,function ,advice)
     (advice-remove (oracle-symbol function) (oracle-function advice))
     nil)
    (`("show" ,hook)
     (let ((hook (oracle-symbol hook)))
       (oracle-note (symbol-name hook) "holds" (oracle-value hook nil)
                    "/" (oracle-value hook "A") "/" (oracle-value hook "B"))
       nil))
    (`("raise" ,number) (signal 'oracle-boom (list number)))
    (`("try" ,action) (oracle-try action args))
    ('("original") (apply (car args) (cdr args)))))

(defun oracle-try (action args)
  (condition-case err
      (oracle-do action args)
    (error (oracle-note "!" (oracle-error err)) nil)))

;; The way in

(defun oracle-program (program)
  "Run PROGRAM; return its trace."
  (let ((oracle-symbols (obarray-make)) (oracle-objects nil) (oracle-bodies nil) (oracle-fuel 30) (oracle-trace nil)
        (oracle-isolating (equal (gethash "errors" program) "isolate")))
    (dolist (buffer '("A" "B"))
      (with-current-buffer (get-buffer-create buffer) (kill-all-local-variables)))
    (maphash (lambda (hook _) (set (oracle-symbol hook) nil)) (gethash "hooks" program))
    (with-current-buffer (get-buffer-create "neither")
      (dolist (step (gethash "steps" program))
        (oracle-try step nil)))
    (mapconcat #'identity (nreverse oracle-trace) ";")))

(defun oracle-main ()
  "Run the programs of the standard input, and print their traces."
  (setq max-lisp-eval-depth 20000 max-specpdl-size 20000 gc-cons-threshold 100000000)
  (mapatoms (lambda (symbol)
              (when (and (string-prefix-p "oracle-" (symbol-name symbol)) (fboundp symbol) (not (macrop symbol)))
                (byte-compile symbol))))
  (with-temp-buffer
    (insert-file-contents "/dev/stdin")
    (while (not (eobp))
      (let ((program (json-parse-buffer :array-type 'list :null-object nil)))
        (princ (concat (oracle-program program) "\n")))
      (forward-line))))

;;; oracle.el ends here
