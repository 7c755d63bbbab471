//! The words of the language: where they stand, how they are written, what they promise.

/// A word, or words that belong together, with what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written: `on failure`.
    pub word: &'static str,
    /// Where it stands.
    pub place: WordPlace,
    /// Its whole form: `on failure REACTION`.
    pub form: &'static str,
    /// What it promises, in a sentence or two.
    pub meaning: &'static str,
    /// What to write, with `$1`, `${2:like this}` for what is filled in and `$0` for where to go on.
    pub snippet: &'static str,
}

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordPlace {
    /// Outside everything.
    Declaration,
    /// In a system.
    System,
    /// In a blueprint; some in an `each` as well.
    Blueprint,
    /// Before the brace of a blueprint, an `each` or a task.
    Head,
    /// What a task does.
    Body,
    /// What else a task says.
    Clause,
    /// What happens when something goes wrong.
    Reaction,
    /// In an expression.
    Expression,
    /// A function of expressions.
    Function,
    /// A type that needs no declaration.
    Type,
    /// In a test.
    Story,
    /// Part of another form.
    Part,
}

/// The word itself, as `word("on failure")`.
#[must_use]
pub fn word(text: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.word == text)
}

macro_rules! words {
    ($( $place:ident { $( $word:literal $form:literal $meaning:literal $snippet:literal; )+ } )+) => {
        /// Every word of the language.
        pub const WORDS: &[Word] = &[$($(
            Word { word: $word, place: WordPlace::$place, form: $form, meaning: $meaning, snippet: $snippet },
        )+)+];
    };
}

words! {
    Declaration {
        "type" "type NAME = TYPE"
            "Names a type. Types are compared by what they are, not by their names."
            "type ${1:Name} = { ${2:field}: ${3:text} }";
        "system" "system NAME { operations and queries }"
            "An external system and what it can be asked. How it is reached is configuration of the deployment."
            "system ${1:name} {\n  operation ${2:do}(${3:id}: text)$0\n}";
        "retry" "retry NAME = N times every D [doubling] [up to D]"
            "Names a retry policy, for `retry NAME` in tasks. In a task: at most so many attempts of a call, the first included."
            "retry ${1:patient} = ${2:5} times every ${3:2s} doubling up to ${4:1m}";
        "blueprint" "blueprint NAME version N { … }"
            "What is done for orders of one sort. With parameters, `blueprint NAME(parameter: T) -> T { … }`, it is run by tasks of others."
            "blueprint ${1:name} version ${2:1} {\n  accepts order where order.category == \"${3:category}\"\n\n  item ${4:kind} where item.offering == \"${5:OFFERING}\" {\n    ${6:field}: ${7:text}\n  }\n\n  on failure hold\n\n  each $4 where item.action == add {\n    task ${8:task} {\n      $0\n    }\n  }\n}";
        "test" "test \"what it shows\" { … }"
            "A story of an order with what must come of it, told by `orderwright test`."
            "test \"${1:what it shows}\" {\n  $0\n}";
    }
    System {
        "operation" "operation NAME(argument: T, …) [-> T]"
            "Changes something in the system. A task that calls it says how that is taken back."
            "operation ${1:name}(${2:id}: text)$0";
        "repeatable operation" "repeatable operation NAME(argument: T, …) [-> T]"
            "Changes something in the system, and with other arguments may simply be called again to the same end."
            "repeatable operation ${1:name}(${2:id}: text)$0";
        "query" "query NAME(argument: T, …) -> T"
            "Asks the system and changes nothing, so there is nothing to take back."
            "query ${1:name}(${2:id}: text) -> { ${3:state}: text }$0";
    }
    Blueprint {
        "accepts" "accepts order where CONDITION"
            "Which orders it takes when they name no blueprint. Exactly one blueprint must accept an order. Reads standard fields only."
            "accepts order where $0";
        "order" "order { fields }"
            "The attributes an order must carry; checked before anything starts. In expressions: the order itself."
            "order {\n  ${1:field}: ${2:text}$0\n}";
        "item" "item KIND where CONDITION { fields }"
            "A kind of order item and its attributes. Kinds are tried in the order they are written. In expressions: the item that the `each` is about."
            "item ${1:kind} where item.offering == \"${2:OFFERING}\" {\n  ${3:field}: ${4:text}$0\n}";
        "each" "each KIND [where CONDITION] [on failure isolate] { … }"
            "Tasks and milestones that are done once per item of the kind for which the condition holds."
            "each ${1:kind} where item.action == ${2:add} {\n  $0\n}";
        "task" "task NAME [after A, B] [when CONDITION] { body and clauses }"
            "Does one thing. It waits for what `after` names and for every task whose result it uses; what does not wait runs in parallel."
            "task ${1:name} {\n  $0\n}";
        "milestone" "milestone NAME after A, B [status \"…\"]"
            "Does nothing: others wait for it, and customers see its status."
            "milestone ${1:name} after ${2:task} status \"${3:What the customer sees}\"";
        "deadline" "deadline D [at risk after D] [on timeout REACTION]"
            "How long the order may take. After `at risk` people look at it; when the time is up the reaction follows, or nothing but the alarm."
            "deadline ${1:10d} at risk after ${2:7d}";
        "one at a time by" "one at a time by KEY"
            "Orders with the same key, a text or one of several, follow each other: the next begins when the one before has ended."
            "one at a time by ${1:order.customer.id}";
        "on failure" "on failure REACTION"
            "What happens when a task fails for good; in a blueprint, for the tasks that do not say. Without it: `hold`."
            "on failure ${1|hold,rollback,skip,fail|}";
        "return" "return EXPRESSION"
            "What a blueprint with parameters answers to the task that runs it."
            "return { $0 }";
    }
    Head {
        "version" "version N"
            "Which version of the blueprint this is. A published version never changes."
            "version ${1:1}";
        "after" "after TASK, …"
            "Waits for tasks whose results are not used. A skipped task counts as done."
            "after $0";
        "when" "when CONDITION"
            "Leaves the task out if it does not hold. On the order alone it is decided when the plan is made, otherwise when the task is due."
            "when $0";
        "where" "where CONDITION"
            "Which orders or items are meant."
            "where $0";
        "on failure isolate" "on failure isolate"
            "An item that fails is rolled back alone, and the order goes on without it."
            "on failure isolate";
    }
    Body {
        "call" "call SYSTEM.OPERATION(argument: value, …) [else call …]"
            "Calls a system, under a key that stays the same however often it is tried. `else call` is made when the one before has failed for good."
            "call $0";
        "wait" "wait SIGNAL { fields } within D"
            "Waits for a signal that carries the fields, which are the task's result."
            "wait ${1:signal} { ${2:outcome}: text } within ${3:10d}$0";
        "manual" "manual \"what to do\" for ROLE { fields } within D"
            "Has a person do it and give the fields, which are the task's result."
            "manual \"${1:what to do}\" for ${2:role} { ${3:done}: bool } within ${4:2d}$0";
        "poll" "poll SYSTEM.QUERY(…) every D until CONDITION within D"
            "Asks, and asks again, until the condition holds of the answer (`result`). That answer is the task's result."
            "poll ${1:system}.${2:query}($3) every ${4:10s} until ${5:result.state == \"done\"} within ${6:15m}$0";
        "sleep" "sleep D, sleep until TIME"
            "Lets time pass, from when the task is due."
            "sleep ${1:1h}";
        "run" "run BLUEPRINT(parameter: value, …)"
            "Runs a blueprint with parameters as an order of its own; its answer is the task's result."
            "run $0";
        "let" "let EXPRESSION"
            "Computes a value, which is the task's result."
            "let $0";
    }
    Clause {
        "undo" "undo SYSTEM.OPERATION(…)"
            "Takes the call back, with the values the task saw and its `result`. Undos run in reverse order of the plan, in parallel where it allows; one that fails for good holds the order and is never dropped."
            "undo $0";
        "no undo" "no undo \"why\""
            "The call can't or need not be taken back, for this reason."
            "no undo \"${1:why}\"";
        "verify" "verify SYSTEM.QUERY(…) is CONDITION"
            "How to find out whether a call that got no answer was made. If the condition holds of the query's answer (`result`) it was; otherwise it is called again under the same key."
            "verify ${1:system}.${2:query}($3) is ${4:result.state == \"done\"}";
        "amend" "amend SYSTEM.OPERATION(…)"
            "Changes it in place when an amendment of the order changes its arguments, with the new order and the old result as `before`."
            "amend $0";
        "ensure" "ensure CONDITION else REACTION"
            "What must hold of `result`. Several are looked at in order."
            "ensure ${1:result.} else ${2|hold,rollback,reject,skip,fail|} \"${3:why}\"";
        "timeout" "timeout D"
            "How long one attempt may take; 30 s if not said."
            "timeout ${1:30s}";
        "within" "within D"
            "How long it may take with all attempts, or how long to wait."
            "within ${1:10d}";
        "no retry" "no retry"
            "The call is made once."
            "no retry";
        "on timeout" "on timeout REACTION"
            "What happens when the time runs out; as on failure, if not said."
            "on timeout ${1|hold,rollback,skip,fail|} \"${2:why}\"";
        "status" "status \"…\""
            "What the customer sees while this is the last that began."
            "status \"${1:What the customer sees}\"";
        "point of no return" "point of no return"
            "Once the task has begun, the order is neither cancelled nor rolled back, and nothing that would touch it is amended."
            "point of no return";
    }
    Reaction {
        "hold" "hold \"why\" [for customer]"
            "The task waits for a person."
            "hold \"${1:why}\"";
        "rollback" "rollback \"why\""
            "Everything is undone, and the order fails."
            "rollback \"${1:why}\"";
        "skip" "skip \"why\""
            "The order goes on without the task; its result is null."
            "skip \"${1:why}\"";
        "reject" "reject \"why\""
            "The order is not taken. Only where nothing has been done for it yet."
            "reject \"${1:why}\"";
        "fail" "fail \"why\""
            "The order fails, and nothing is undone."
            "fail \"${1:why}\"";
    }
    Expression {
        "and" "A and B" "Both hold. The right side is looked at only if the left one holds." "and ";
        "or" "A or B" "One of them holds. The right side is looked at only if the left one does not hold." "or ";
        "not" "not A" "It does not hold. `not a == b` means `not (a == b)`." "not ";
        "in" "A in LIST" "The list has it." "in ";
        "matches" "TEXT matches \"PATTERN\"" "The regular expression fits the whole text." "matches \"$1\"";
        "if" "if A then B else C" "One value or another." "if ${1:condition} then ${2:value} else ${3:value}";
        "true" "true" "It holds." "true";
        "false" "false" "It does not hold." "false";
        "null" "null" "No value." "null";
        "result" "result" "What the task brought back, or the query answered, in `ensure`, `undo`, `verify` and `until`." "result";
        "before" "before" "What the task brought back before the amendment, in `amend`." "before";
    }
    Function {
        "len" "len(list or text)" "How many elements or characters." "len($1)";
        "lower" "lower(text)" "In lower case." "lower($1)";
        "upper" "upper(text)" "In upper case." "upper($1)";
        "contains" "contains(text, part), contains(list, element)" "Whether it is in it." "contains($1, $2)";
        "starts_with" "starts_with(text, start)" "Whether the text begins so." "starts_with($1, $2)";
        "any" "any(bools)" "Whether one is true. As a type: any value, null included." "any($1)";
        "all" "all(bools)" "Whether all are true." "all($1)";
        "sum" "sum(list)" "The sum of numbers or durations." "sum($1)";
        "min" "min(list), min(a, b, …)" "The smallest; what is null is passed over." "min($1)";
        "max" "max(list), max(a, b, …)" "The largest; what is null is passed over." "max($1)";
        "first" "first(list)" "The first element; null if there is none." "first($1)";
        "coalesce" "coalesce(a, b, …)" "The first that is not null." "coalesce($1, $2)";
        "ran" "ran(task)" "Whether the task was done and not skipped." "ran($1)";
    }
    Type {
        "text" "text" "Text." "text";
        "int" "int" "Whole numbers of 64 bits." "int";
        "decimal" "decimal" "Numbers of up to 28 digits, exact; every `int` is one." "decimal";
        "bool" "bool" "`true` or `false`." "bool";
        "time" "time" "An instant, RFC 3339; kept in UTC to the millisecond." "time";
        "date" "date" "A calendar date, `2026-11-21`." "date";
        "duration" "duration" "A length of time: `250ms`, `30s`, `5m`, `4h`, `10d`, `2w`." "duration";
        "one of" "one of \"a\", \"b\"" "One of these texts." "one of \"${1:a}\", \"${2:b}\"";
    }
    Story {
        "order file" "order file \"PATH\"" "The order of the test, from a file below the folder of the blueprints."
            "order file \"${1:orders/order.json}\"";
        "signal" "signal NAME { fields } at TASK [after D]"
            "The signal comes when the task has begun, or so long after that."
            "signal ${1:name} { $2 } at ${3:task}";
        "complete" "complete TASK { fields } [after D]"
            "A person says what came of a `manual` task."
            "complete ${1:task} { $2 }";
        "operator" "operator ACTION at TASK [after D]"
            "When the task is held, an operator does something about it."
            "operator $0";
        "operator retry" "operator retry [{ arguments }] at TASK [after D]"
            "When the task is held, an operator has it tried again, with other arguments if some are given."
            "operator retry at ${1:task}";
        "operator complete" "operator complete { fields } at TASK [after D]"
            "When the task is held, an operator has done it by hand, and says what came of it."
            "operator complete { $2 } at ${1:task}";
        "operator skip" "operator skip at TASK [after D]"
            "When the task is held, an operator has the order go on without it."
            "operator skip at ${1:task}";
        "operator rollback" "operator rollback at TASK [after D]"
            "When the task is held, an operator has its item rolled back if that can be alone, or else the order."
            "operator rollback at ${1:task}";
        "operator undone" "operator undone at TASK [after D]"
            "When the undo of the task has failed, an operator has taken back by hand what it did."
            "operator undone at ${1:task}";
        "operator accept" "operator accept at TASK [after D]"
            "When the undo of the task has failed, an operator accepts what it left as residue."
            "operator accept at ${1:task}";
        "cancel at" "cancel [item ID] at TASK [after D], cancel [item ID] after D"
            "When the task has begun, or so long after the submission, somebody wants the order or an item cancelled."
            "cancel at ${1:task}";
        "cancel item" "cancel item ID at TASK [after D]"
            "Somebody wants one item cancelled; the order is to go on without it."
            "cancel item ${1:1} at ${2:task}";
        "pause at" "pause at TASK [after D], pause after D"
            "When the task has begun, or so long after the submission, somebody has nothing more of the order begun."
            "pause at ${1:task}";
        "resume at" "resume at TASK [after D], resume after D"
            "When the task has begun, or so long after the submission, somebody has the paused order go on."
            "resume at ${1:task} after ${2:1h}";
        "twice" "twice" "The same delivery comes a second time: that changes nothing." "twice";
        "amend at" "amend at TASK [after D] { place: value, … }"
            "When the task has begun, somebody wants fields of the order changed; an item is named by its id: `items[\"1\"].quantity`."
            "amend at ${1:task} { ${2:place}: ${3:value} }";
        "expect" "expect …" "What must come of it, when nothing more happens." "expect $0";
        "expect order" "expect order STATE" "The order ends in this state." "expect order $0";
        "expect item" "expect item ID STATE" "The item ends in this state." "expect item ${1:1} $0";
        "expect undone" "expect undone [TASK, …]"
            "These tasks are undone and no others, in this order or another that the plan allows."
            "expect undone [$0]";
        "expect untouched" "expect untouched [TASK, …]"
            "The tasks did what they did once, and nothing touched it again."
            "expect untouched [$0]";
        "expect residue" "expect residue [TASK, …]"
            "What these tasks left was accepted as residue, and that of no others."
            "expect residue [$0]";
        "expect customer status" "expect customer status [of item ID] \"…\"" "What the customer sees in the end." "expect customer status \"$0\"";
        "expect call" "expect call SYSTEM.OPERATION(argument: value, …) [N times]"
            "It was called with these arguments, and any others besides. Attempts of one call count once."
            "expect call $0";
        "expect no call" "expect no call SYSTEM.OPERATION" "It was not called." "expect no call $0";
        "expect elapsed" "expect elapsed [at most | at least] D" "It took so long, from the submission on." "expect elapsed ${1:3d}";
        "expect refused" "expect refused" "What was asked for was refused." "expect refused";
        "returns" "SYSTEM.OPERATION returns VALUE" "It does what it is asked, and answers this; fields that are left out are made up." "returns { $0 }";
        "fails" "SYSTEM.OPERATION fails [\"why\"]" "It can't do it now: the attempt is repeated as the task says." "fails \"${1:why}\"";
        "refuses" "SYSTEM.OPERATION refuses [\"why\"]" "It will not do it: no attempt follows." "refuses \"${1:why}\"";
        "times out" "SYSTEM.OPERATION times out [but is done]" "No answer comes; with `but is done`, it was done all the same." "times out";
        "takes" "SYSTEM.OPERATION takes D" "It answers after so long." "takes ${1:20s}";
        "once" "once, N times" "For how many attempts it is, or how many calls are expected." "once";
        "at" "at TASK, …" "For which tasks it is, or at which it happens." "at $0";
    }
    Part {
        "at risk" "at risk after D" "When the order is marked for people to look at." "at risk after ${1:7d}";
        "else" "else REACTION, else call …, else VALUE" "What holds or happens otherwise." "else ";
        "then" "if A then B else C" "The value if the condition holds." "then ";
        "every" "every D" "How long to pause between attempts or questions." "every ${1:2s}";
        "until" "until CONDITION" "What must hold of the answer (`result`)." "until ";
        "is" "verify … is CONDITION" "What holds of the answer if the call was made." "is ";
        "times" "N times" "How many attempts, the first included." "times";
        "doubling" "doubling" "Each pause is twice as long as the one before." "doubling";
        "up to" "up to D" "The longest pause." "up to ${1:1m}";
        "for customer" "for customer" "It is the customer who is waited for." "for customer";
        "for" "[E for x in LIST where CONDITION]" "Makes a list of another. After `manual`: who does it. After `hold`: who is waited for." "for ";
    }
}
