//! An argument of a provider's program, which may be filled from a reference.

use super::reference::{Malformed, Parts, Shape};

/// `get`, `{path}`, `--secret={secret}`, `{version|latest}`: a placeholder is a whole
/// argument, or all that follows fixed text, so that a reference can never add an
/// argument or change another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    fixed: String,
    placeholder: Option<Placeholder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Placeholder {
    part: String,
    default: Option<String>,
    form: Form,
}

/// How a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// `a=b,c=d` as the four arguments `a b c d`.
    Pairs,
    /// `--password` if it is one of these words, otherwise after the fixed text.
    Option(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    #[error("unknown placeholder `{{{0}}}`")]
    Unknown(String),
    #[error("the placeholder `{{{0}}}` must be the end of its argument")]
    Inside(String),
}

impl Argument {
    /// Parses an argument for references of this shape. Braces around anything but one
    /// word are text.
    pub fn parse(text: &str, shape: &Shape) -> Result<Self, ArgumentError> {
        let Some((fixed, inner, after)) = first_placeholder(text) else {
            return Ok(Self {
                fixed: text.to_owned(),
                placeholder: None,
            });
        };
        let (part, default) = match inner.split_once('|') {
            Some((part, default)) => (part, Some(default.to_owned())),
            None => (inner, None),
        };
        if part != "ref" && !shape.names().any(|name| name == part) {
            return Err(ArgumentError::Unknown(part.to_owned()));
        }
        if !after.is_empty() {
            return Err(ArgumentError::Inside(part.to_owned()));
        }
        let part = part.to_owned();
        Ok(Self {
            fixed: fixed.to_owned(),
            placeholder: Some(Placeholder {
                part,
                default,
                form: Form::Plain,
            }),
        })
    }

    /// `a=b,c=d` in a part as the arguments `a b c d`.
    pub fn pairs(part: &str) -> Self {
        Self::special(part, String::new(), Form::Pairs)
    }

    /// A part that is one of some words as the option `--WORD`, any other as `--PART=OTHER`.
    pub fn option(part: &str, words: &'static str) -> Self {
        Self::special(part, format!("--{part}="), Form::Option(words))
    }

    fn special(part: &str, fixed: String, form: Form) -> Self {
        let placeholder = Placeholder {
            part: part.to_owned(),
            default: None,
            form,
        };
        Self {
            fixed,
            placeholder: Some(placeholder),
        }
    }

    /// The part of the reference that is put in.
    pub fn part(&self) -> Option<&str> {
        Some(self.placeholder.as_ref()?.part.as_str())
    }

    /// Whether the reference has the pairs that this argument needs.
    pub fn check(&self, parts: &Parts) -> Result<(), Malformed> {
        let pairs = |one: &&Placeholder| one.form == Form::Pairs;
        let Some(placeholder) = self.placeholder.as_ref().filter(pairs) else {
            return Ok(());
        };
        let value = parts.get(&placeholder.part).unwrap_or_default();
        for word in value.split(',').map(|pair| pair.split_once('=')) {
            match word {
                Some(("", _) | (_, "")) | None => {
                    return Err(Malformed::Shape(
                        "attribute=value,attribute=value".to_owned(),
                    ));
                }
                Some((name, value)) if name.starts_with('-') || value.starts_with('-') => {
                    return Err(Malformed::Option(name.to_owned()));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The argument for a reference; none if it has neither this part nor a default.
    pub fn filled(&self, parts: &Parts) -> Vec<String> {
        #[cfg(test)]
        super::steps::count(1);
        let Some(placeholder) = &self.placeholder else {
            return vec![self.fixed.clone()];
        };
        let value = parts.get(&placeholder.part);
        let Some(value) = value.or(placeholder.default.as_deref()) else {
            return Vec::new();
        };
        match placeholder.form {
            Form::Pairs => {
                let pairs = value.split(',').filter_map(|pair| pair.split_once('='));
                let words = pairs.flat_map(|(name, value)| [name, value]);
                words.map(str::to_owned).collect()
            }
            Form::Option(words) if words.split(' ').any(|word| word == value) => {
                vec![format!("--{value}")]
            }
            Form::Option(_) | Form::Plain => vec![format!("{}{value}", self.fixed)],
        }
    }
}

/// Several arguments for a reference.
pub(super) fn arguments(args: &[Argument], parts: &Parts) -> Vec<String> {
    let filled = args.iter().flat_map(|argument| argument.filled(parts));
    filled.collect()
}

/// The text before the first placeholder, what is between its braces, and the rest.
fn first_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut start = 0;
    loop {
        let (before, after) = text.get(start..)?.split_once('{')?;
        let (inner, rest) = after.split_once('}')?;
        let name = inner.split('|').next().unwrap_or_default();
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !name.is_empty() && name.chars().all(is_word) {
            return Some((text.get(..start + before.len())?, inner, rest));
        }
        start += before.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(argument: &str, reference: &str) -> Result<Vec<String>, ArgumentError> {
        let shape = Shape::parse("path[#field]").unwrap();
        let argument = Argument::parse(argument, &shape)?;
        Ok(argument.filled(&shape.split(reference).unwrap()))
    }

    #[test]
    fn a_placeholder_is_a_whole_argument_or_its_end() {
        for (argument, expected) in [
            ("get", "get"),
            ("{path}", "a b"),
            ("--path={path}", "--path=a b"),
            ("{ref}", "a b#c"),
            ("{field|main}", "c"),
            ("{.data}", "{.data}"),
            ("{{path}", "{a b"),
        ] {
            assert_eq!(filled(argument, "a b#c").unwrap(), [expected], "{argument}");
        }
    }

    #[test]
    fn an_absent_part_has_its_default_or_leaves_the_argument_out() {
        assert_eq!(filled("{field|main}", "a").unwrap(), ["main"]);
        assert_eq!(filled("--field={field}", "a").unwrap(), [""; 0]);
    }

    #[test]
    fn pairs_become_several_arguments() {
        let shape = Shape::parse("attributes").unwrap();
        let pairs = |reference: &str| {
            let parts = shape.split(reference).unwrap();
            let argument = Argument::pairs("attributes");
            argument.check(&parts).map(|()| argument.filled(&parts))
        };
        assert_eq!(pairs("a=b,c=d=e").unwrap(), ["a", "b", "c", "d=e"]);
        for bad in ["a", "a=", "=b", "a=b,", "a=b,-c=d", "a=-b"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_known_word_becomes_an_option_of_its_own() {
        let shape = Shape::parse("field").unwrap();
        let option = Argument::option("field", "username password");
        let filled = |field: &str| option.filled(&shape.split(field).unwrap());
        assert_eq!(filled("password"), ["--password"]);
        assert_eq!(filled("clip"), ["--field=clip"]);
    }

    #[test]
    fn other_placeholders_are_mistakes() {
        let unknown = ArgumentError::Unknown("filed".into());
        assert_eq!(filled("{filed}", "a"), Err(unknown));
        let inside = ArgumentError::Inside("path".into());
        assert_eq!(filled("{path}/x", "a"), Err(inside.clone()));
        assert_eq!(filled("{path}{field}", "a"), Err(inside));
    }
}
