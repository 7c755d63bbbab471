//! `${NAME}` and `${NAME:-default}` in a text.

/// Looks an environment variable up; none if it is not set.
pub(super) type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// Why a text can't be substituted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SubstituteError {
    #[error("`${{` without `}}`")]
    Unclosed,
    #[error("`${{{0}}}` does not name a variable: expected `${{NAME}}` or `${{NAME:-default}}`")]
    NotAName(String),
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
}

/// Puts in the values of variables. One that is not set, or is empty, takes its default; a default is taken as
/// it stands. A `$` that is not followed by `{` stands for itself.
pub(super) fn substitute(text: &str, environment: &Environment<'_>) -> Result<String, SubstituteError> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        done.push_str(before);
        let (inside, after) = after.split_once('}').ok_or(SubstituteError::Unclosed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_variable(name) {
            return Err(SubstituteError::NotAName(inside.to_owned()));
        }
        match (environment(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => done.push_str(&value),
            (None, Some(default)) => done.push_str(default),
            (None, None) => return Err(SubstituteError::NotSet(name.to_owned())),
        }
        rest = after;
    }
    done.push_str(rest);
    Ok(done)
}

/// Whether a text can name an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, String> {
        let environment = |name: &str| match name {
            "HOST" => Some("crm.example".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        substitute(text, &environment).map_err(|e| e.to_string())
    }

    #[test]
    fn variables_and_defaults_are_put_in() {
        for (text, expected) in [
            ("http://${HOST}/a", "http://crm.example/a"),
            ("${HOST:-x}${PORT:-:80}", "crm.example:80"),
            ("${EMPTY:-full}", "full"),
            ("costs $5 {x}", "costs $5 {x}"),
            ("${NONE:-}", ""),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_put_in_is_said() {
        for (text, expected) in [
            ("${NONE}", "the environment variable `NONE` is not set"),
            ("${EMPTY}", "the environment variable `EMPTY` is not set"),
            ("a ${HOST", "`${` without `}`"),
            ("${1st}", "`${1st}` does not name a variable: expected `${NAME}` or `${NAME:-default}`"),
            ("${}", "`${}` does not name a variable: expected `${NAME}` or `${NAME:-default}`"),
        ] {
            assert_eq!(check(text), Err(expected.to_owned()), "{text}");
        }
    }
}
