//! Every code a diagnostic can have, declared once: its number, name, severity and what it means.
//!
//! Numbers are grouped by what they are about and never change their meaning: BP00 the file, BP01 how it is
//! written, BP02 names, BP03 types and values, BP04 tasks, BP05 blueprints and other declarations, BP06 tests, BP09 advice.
//! What people read about a code is its page in `docs/rules`; finding codes and their titles is in [`super::rule`].

use std::fmt;

use super::Severity;

macro_rules! codes {
    ($( $variant:ident = $code:literal $name:literal $severity:ident, $explanation:literal; )+) => {
        /// The rule that a diagnostic reports a breach of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( #[doc = $explanation] $variant, )+
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number: `BP0201`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The name: `unknown-type`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means and why it matters, in a few sentences.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation,)+ }
            }

            /// The page about it, in Markdown: `docs/rules/BP0201.md`. A code without one does not compile.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules/", $code, ".md"))
                    })+
                }
            }

            /// How much is wrong.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    FileTooLarge = "BP0001" "file-too-large" Error,
        "A file, or the library as a whole, is larger than is read. Split it into several files.";
    NestedTooDeeply = "BP0002" "nested-too-deeply" Error,
        "Brackets, braces or operators are nested deeper than anybody can follow. Name the parts.";
    TooComplex = "BP0003" "too-complex" Error,
        "Reading the file takes more steps than are allowed. No library written by people comes near that.";
    TooManyFaults = "BP0004" "too-many-faults" Error,
        "There are more faults than one run reports. Later ones often follow from the first.";

    UnexpectedText = "BP0101" "unexpected-text" Error,
        "Something else was expected here. What it is and what may stand here is in the message.";
    UnknownWord = "BP0102" "unknown-word" Error,
        "A line begins with a word that begins nothing here: misspelt, or in the wrong place.";
    MissingBrace = "BP0103" "missing-brace" Error,
        "A block is opened with `{` and never closed: the next thing begins where its `}` was expected.";
    OtherLanguage = "BP0104" "other-language" Error,
        "A form that other languages have and this one writes differently: `&&`, `depends_on`, single quotes.";
    InvalidLiteral = "BP0106" "invalid-literal" Error,
        "A number, duration or text that can't be read: an unknown unit, a digit too many, an unknown escape.";

    UnknownType = "BP0201" "unknown-type" Error,
        "A type is used that no file of the library declares.";
    UnknownSystem = "BP0202" "unknown-system" Error,
        "A call names a system that no file of the library declares.";
    UnknownOperation = "BP0203" "unknown-operation" Error,
        "A call names an operation that its system does not have.";
    UnknownArgument = "BP0204" "unknown-argument" Error,
        "A call gives an argument that its operation does not take.";
    UnknownTask = "BP0205" "unknown-task" Error,
        "A task is named that the blueprint does not have, or that can't be seen from here.";
    UnknownKind = "BP0206" "unknown-kind" Error,
        "An item kind is named that the blueprint does not declare.";
    UnknownRetry = "BP0207" "unknown-retry" Error,
        "A retry policy is named that no file of the library declares.";
    UnknownField = "BP0208" "unknown-field" Error,
        "A field is read or given that the record does not have.";
    UnknownName = "BP0209" "unknown-name" Error,
        "An expression uses a name that means nothing at this place.";
    DuplicateName = "BP0210" "duplicate-name" Error,
        "Two things of one kind have the same name. Every name of the library is visible in every file.";
    ShadowedField = "BP0211" "shadowed-field" Error,
        "A declared field has the name of a standard field of orders or items, which would hide one of them.";
    InvalidName = "BP0212" "invalid-name" Error,
        "A name that can't be used: too long, or one that means something of its own in expressions.";
    NotVisible = "BP0213" "not-visible" Error,
        "Something exists and can't be used here: `result` outside `ensure` and `undo`, `item` outside `each`.";

    UnknownBlueprint = "BP0214" "unknown-blueprint" Error,
        "A task runs a blueprint that no file of the library declares with parameters.";

    TypeMismatch = "BP0301" "type-mismatch" Error,
        "A value is of another type than what is needed here.";
    MayBeMissing = "BP0302" "may-be-missing" Error,
        "A value may be missing at run time: an optional field, or the result of a task that may be skipped. \
         Say what holds then with `?.` or `??`, or let a condition make sure of it.";
    MissingArgument = "BP0303" "missing-argument" Error,
        "A call leaves out an argument that its operation needs.";
    MissingField = "BP0304" "missing-field" Error,
        "A record leaves out a field that its type needs.";
    WrongArguments = "BP0305" "wrong-arguments" Error,
        "A function is given more or fewer arguments than it takes.";
    NotConstant = "BP0306" "not-constant" Error,
        "A default or a pattern must be known when the blueprint is checked; it can't depend on an order.";
    NotOrderData = "BP0307" "not-order-data" Error,
        "What decides which tasks exist may read the order and its items only, not what tasks bring back.";

    Cycle = "BP0401" "cycle" Error,
        "Tasks wait for each other in a circle, so none of them could ever start.";
    MissingUndo = "BP0402" "missing-undo" Error,
        "A task changes something out there and does not say how to take it back. It says `undo`, or `no undo` \
         with the reason, or is a point of no return.";
    MissingLimit = "BP0403" "missing-limit" Error,
        "A wait has no end. Whatever waits, polls or is done by hand says how long it may last with `within`.";
    LateReject = "BP0404" "late-reject" Error,
        "An order can be rejected only before anything has been done for it. After that it is rolled back.";
    MissingBody = "BP0405" "missing-body" Error,
        "A task does nothing. Every task has one body: a `call`, `wait`, `manual`, `poll`, `sleep`, `run` or `let`.";
    DuplicateClause = "BP0406" "duplicate-clause" Error,
        "A clause that can be given once is given twice.";
    MisplacedClause = "BP0407" "misplaced-clause" Error,
        "A clause that means nothing with this body, or stands in the wrong place.";
    QueryUndo = "BP0408" "query-undo" Error,
        "An undo or an amend names a query, which changes nothing and so takes nothing back.";
    UnusableLimit = "BP0409" "unusable-limit" Error,
        "A number of attempts or a length of time that no task can keep to: none at all, or beyond what is allowed.";

    NotAQuery = "BP0410" "not-a-query" Error,
        "A poll or a verify names an operation, which would change something each time it is asked.";

    RecursiveType = "BP0501" "recursive-type" Error,
        "A type contains itself, so no value of it could ever be written down.";
    MissingItems = "BP0502" "missing-items" Error,
        "A blueprint declares no kind of item. Every order has items, so it could not take any order.";
    MissingTasks = "BP0503" "missing-tasks" Error,
        "A blueprint has nothing to do.";
    MissingVersion = "BP0504" "missing-version" Error,
        "A blueprint says no version, or one that is not a whole number from 1.";
    NotServed = "BP0505" "not-served" Error,
        "A blueprint calls a system or an operation that the deployment does not say how to reach, so its orders would stop there.";
    RunsItself = "BP0507" "runs-itself" Error,
        "A blueprint runs itself, directly or through others, so it would never end.";
    MissingReturn = "BP0508" "missing-return" Error,
        "A blueprint with parameters says the type of what it answers, and has no `return`.";

    MissingOrder = "BP0601" "missing-order" Error,
        "A test does not say which order it is about.";
    UnreadableOrder = "BP0602" "unreadable-order" Error,
        "The file that a test has its order in is not there, or is no order document.";
    UnfitOrder = "BP0603" "unfit-order" Error,
        "The order of a test, or what an amendment makes of it, would be refused: it does not fit its blueprint.";
    UnknownSignal = "BP0604" "unknown-signal" Error,
        "A test sends a signal that no task waits for.";
    UnfitStep = "BP0605" "unfit-step" Error,
        "Something happens in a test at a task that it can't happen to: it waits for another signal, is done by no person, or \
         never begins.";
    UnusedStub = "BP0606" "unused-stub" Error,
        "A test says how a system answers a call that is never made.";
    MissingExpectation = "BP0607" "missing-expectation" Error,
        "A test expects nothing, so it could never fail.";
    UnknownState = "BP0608" "unknown-state" Error,
        "A test expects a state that orders or tasks don't have.";
    UnfitExpectation = "BP0609" "unfit-expectation" Error,
        "What a test expects can't hold, or can't fail, whatever happens.";

    UnusedType = "BP0901" "unused-type" Warning,
        "A type is declared and nothing uses it.";
    UnusedSystem = "BP0902" "unused-system" Warning,
        "A system is declared and no blueprint calls it.";
    UnusedRetry = "BP0903" "unused-retry" Warning,
        "A retry policy is declared and no task uses it.";
    TightLimit = "BP0904" "tight-limit" Warning,
        "The time for all attempts together is shorter than they may take, so the last ones may never be made.";
    UnusedBlueprint = "BP0905" "unused-blueprint" Warning,
        "A blueprint with parameters is declared and no task runs it.";
    LateRollback = "BP0906" "late-rollback" Warning,
        "A task that comes after a point of no return says `rollback`. Nothing is rolled back then: the task is held.";
    NeverHolds = "BP0907" "never-holds" Warning,
        "A condition can't hold for any order, so what depends on it never happens.";
    ShadowedKind = "BP0908" "shadowed-kind" Warning,
        "Every item of a kind is of an earlier kind already. Kinds are tried in the order they are written, so no item is \
         ever of this one.";
    OverlappingAccepts = "BP0909" "overlapping-accepts" Warning,
        "Two blueprints accept the same orders. Such an order is refused unless it names one of them.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_are_unique() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        let mut names: Vec<_> = Code::ALL.iter().map(|c| c.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn advice_is_a_warning_and_all_else_an_error() {
        for code in Code::ALL {
            let advice = code.as_str().starts_with("BP09");
            assert_eq!(code.severity() == Severity::Warning, advice, "{code}");
        }
    }
}
