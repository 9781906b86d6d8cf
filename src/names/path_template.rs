//! Paths with `~`, `$VAR` and `${VAR}`, as manifests contain them.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;

/// A path whose `~`, `$VAR` and `${VAR}` are not expanded yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PathTemplate {
    written: String,
    #[serde(skip)]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    Empty,
    /// `${` without `}`.
    Unclosed,
    /// No name of a variable after `$`.
    NoName,
    /// `~user`: only the user's own home directory is known.
    OtherHome,
    Relative,
    /// It ends in `/`, `.` or `..`.
    NoFile,
    Nul,
}

/// A variable of a template that has no value (unset or empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset(pub String);

impl PathTemplate {
    /// The path must start with `/`, `~` or a variable: a relative one would mean
    /// another file in every directory that qli is started in.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let parts = parts_of(text)?;
        match parts.first() {
            None => Err(TemplateError::Empty),
            Some(Part::Literal(start)) if !start.starts_with('/') => Err(TemplateError::Relative),
            _ if names_no_file(text) => Err(TemplateError::NoFile),
            Some(_) => Ok(Self {
                written: text.to_owned(),
                parts,
            }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The names of its variables; `~` is `HOME`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// Expands every variable by `lookup`; `~` is `HOME`.
    ///
    /// # Errors
    ///
    /// The first variable that has no value, or an empty one.
    pub fn expand(
        &self,
        lookup: impl Fn(&str) -> Result<OsString, Unset>,
    ) -> Result<PathBuf, Unset> {
        let mut path = OsString::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => path.push(text),
                Part::Variable(name) => path.push(lookup(name)?),
            }
        }
        Ok(path.into())
    }
}

fn names_no_file(text: &str) -> bool {
    matches!(text.rsplit('/').next(), Some("" | "." | ".."))
}

fn parts_of(text: &str) -> Result<Vec<Part>, TemplateError> {
    if text.contains('\0') {
        return Err(TemplateError::Nul);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    if let Some(after) = text.strip_prefix('~') {
        if !after.is_empty() && !after.starts_with('/') {
            return Err(TemplateError::OtherHome);
        }
        parts.push(Part::Variable("HOME".to_owned()));
        rest = after;
    }
    while let Some((literal, after)) = rest.split_once('$') {
        push_literal(&mut parts, literal);
        let (name, after) = variable(after)?;
        parts.push(Part::Variable(name.to_owned()));
        rest = after;
    }
    push_literal(&mut parts, rest);
    Ok(parts)
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
}

/// Splits the text after a `$` into the variable's name and the rest.
fn variable(text: &str) -> Result<(&str, &str), TemplateError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, rest) = match text.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or(TemplateError::Unclosed)?,
        None => text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len())),
    };
    super::check_env_name(name).map_err(|_| TemplateError::NoName)?;
    Ok((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<PathBuf, Unset> {
        PathTemplate::parse(text)
            .unwrap()
            .expand(|name| match name {
                "HOME" => Ok("/home/me".into()),
                "APP" => Ok("web".into()),
                _ => Err(Unset(name.to_owned())),
            })
    }

    #[test]
    fn home_and_variables_are_expanded() {
        for (text, path) in [
            ("/var/log/a.log", "/var/log/a.log"),
            ("~/a.log", "/home/me/a.log"),
            ("$HOME/$APP.log", "/home/me/web.log"),
            ("/l/${APP}x/$APP", "/l/webx/web"),
            ("/a~b", "/a~b"),
        ] {
            assert_eq!(expand(text).unwrap(), PathBuf::from(path), "{text}");
        }
    }

    #[test]
    fn an_unset_variable_is_an_error() {
        assert_eq!(expand("$NOPE/x"), Err(Unset("NOPE".into())));
    }

    #[test]
    fn each_malformed_template_has_its_reason() {
        for (text, error) in [
            ("", TemplateError::Empty),
            ("logs/a", TemplateError::Relative),
            ("~ops/a", TemplateError::OtherHome),
            ("/a/${B", TemplateError::Unclosed),
            ("/a/${}", TemplateError::NoName),
            ("/a/$", TemplateError::NoName),
            ("/a/$1", TemplateError::NoName),
            ("/a\0", TemplateError::Nul),
            ("/a/", TemplateError::NoFile),
            ("~/a/..", TemplateError::NoFile),
        ] {
            assert_eq!(PathTemplate::parse(text), Err(error), "{text}");
        }
    }
}
