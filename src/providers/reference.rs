//! How a reference is split into parts, as a row says it: `mount/path#field`,
//! `project/secret[/version]`, `op://vault/item[/section]/field`.

use std::fmt;

/// The shape of a provider's references.
///
/// A word is a part, unless `://` or `=` follows it; other characters separate parts;
/// what is in brackets may be absent. A part ends where the separator after it begins;
/// the last one does not contain the separator before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    written: String,
    /// One list of pieces for each choice of what is absent, the longest first.
    forms: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Part {
        name: String,
        /// Separators of what is absent after it, which it does not contain.
        without: Vec<String>,
    },
    Separator(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    #[error("no part is named")]
    NoPart,
    #[error("at most {PARTS_MAX} parts, and {OPTIONAL_MAX} that may be absent")]
    TooMany,
    #[error("`[` and `]` do not match")]
    Brackets,
    #[error("the part `{0}` is there twice")]
    Twice(String),
    #[error("no separator between two parts")]
    NoSeparator,
}

/// The parts of one reference, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    whole: String,
    named: Vec<(String, String)>,
}

/// Why a reference is not one of a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("write `{0}`")]
    Shape(String),
    /// A program would take it for an option.
    #[error("its part `{0}` begins with `-`, which a program would take for an option")]
    Option(String),
    #[error("its part `{0}` contains a NUL character")]
    Nul(String),
    #[error("its part `{0}` must be an absolute path, or start with `~/` or a variable")]
    Path(String),
}

/// Every choice of what is absent is a form of its own.
const OPTIONAL_MAX: usize = 4;
const PARTS_MAX: usize = 16;

impl Shape {
    pub fn parse(written: &str) -> Result<Self, ShapeError> {
        if written.matches('[').count() > OPTIONAL_MAX || written.len() > PARTS_MAX * 64 {
            return Err(ShapeError::TooMany);
        }
        let mut forms = vec![Vec::new()];
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('[') {
            let (optional, after) = after.split_once(']').ok_or(ShapeError::Brackets)?;
            let (always, maybe) = (pieces(before)?, pieces(optional)?);
            for form in &mut forms {
                form.extend(always.iter().cloned());
            }
            let longer = forms
                .iter()
                .map(|form| [form.clone(), maybe.clone()].concat());
            let shorter = forms.iter().map(|form| absent(form, &maybe));
            forms = longer.chain(shorter).collect();
            rest = after;
        }
        let last = pieces(rest)?;
        for form in &mut forms {
            form.extend(last.iter().cloned());
        }
        let shape = Self {
            written: written.to_owned(),
            forms,
        };
        shape.check().map(|()| shape)
    }

    /// Any text, as one part.
    pub fn whole() -> Self {
        Self::any("reference")
    }

    /// Any text, as one part, that is described like this.
    pub fn any(written: &str) -> Self {
        let part = Piece::named("reference");
        Self {
            written: written.to_owned(),
            forms: vec![vec![part]],
        }
    }

    fn check(&self) -> Result<(), ShapeError> {
        let names: Vec<_> = self.names().collect();
        if names.is_empty() {
            return Err(ShapeError::NoPart);
        }
        if names.len() > PARTS_MAX {
            return Err(ShapeError::TooMany);
        }
        let twice = |name: &&str| names.iter().filter(|other| *other == name).count() > 1;
        match names.iter().copied().find(twice) {
            Some(name) => Err(ShapeError::Twice(name.to_owned())),
            None if self.forms.iter().any(|form| has_neighbours(form)) => {
                Err(ShapeError::NoSeparator)
            }
            None => Ok(()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The names of all parts.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.forms.iter().take(1).flatten().filter_map(Piece::part)
    }

    /// Splits a reference.
    pub fn split(&self, reference: &str) -> Result<Parts, Malformed> {
        let named = self.forms.iter().find_map(|form| split(form, reference));
        let named = named.ok_or_else(|| Malformed::Shape(self.written.clone()))?;
        for (name, value) in &named {
            if value.starts_with('-') {
                return Err(Malformed::Option(name.clone()));
            }
            if value.contains('\0') {
                return Err(Malformed::Nul(name.clone()));
            }
        }
        let whole = reference.to_owned();
        Ok(Parts { whole, named })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Piece {
    fn named(name: &str) -> Self {
        Self::Part {
            name: name.to_owned(),
            without: Vec::new(),
        }
    }

    fn part(&self) -> Option<&str> {
        match self {
            Self::Part { name, .. } => Some(name),
            Self::Separator(_) => None,
        }
    }
}

impl Parts {
    /// The part of this name; `ref` is the whole reference.
    pub fn get(&self, name: &str) -> Option<&str> {
        if name == "ref" {
            return Some(&self.whole);
        }
        let mut named = self.named.iter();
        named.find_map(|(one, value)| (one == name).then_some(value.as_str()))
    }

    pub fn whole(&self) -> &str {
        &self.whole
    }

    /// Replaces some parts, and leaves the rest as it is.
    pub fn map<E>(
        mut self,
        mut replaced: impl FnMut(&str, &str) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        for (name, value) in &mut self.named {
            if let Some(other) = replaced(name, value)? {
                *value = other;
            }
        }
        Ok(self)
    }
}

fn has_neighbours(form: &[Piece]) -> bool {
    let mut pairs = form.iter().zip(form.iter().skip(1));
    pairs.any(|(one, next)| one.part().is_some() && next.part().is_some())
}

/// A form in which the pieces after it are absent.
fn absent(form: &[Piece], pieces: &[Piece]) -> Vec<Piece> {
    let mut form = form.to_vec();
    let separator = pieces.first();
    if let (Some(Piece::Part { without, .. }), Some(Piece::Separator(separator))) =
        (form.last_mut(), separator)
    {
        without.push(separator.clone());
    }
    form
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn pieces(text: &str) -> Result<Vec<Piece>, ShapeError> {
    if text.contains(['[', ']']) {
        return Err(ShapeError::Brackets);
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first));
        let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
        let is_part = is_word(first) && !after.starts_with("://") && !after.starts_with('=');
        match pieces.last_mut() {
            Some(Piece::Separator(before)) if !is_part => before.push_str(run),
            _ if is_part => pieces.push(Piece::named(run)),
            _ => pieces.push(Piece::Separator(run.to_owned())),
        }
        rest = after;
    }
    Ok(pieces)
}

fn split(form: &[Piece], reference: &str) -> Option<Vec<(String, String)>> {
    let mut parts = Vec::new();
    let (mut rest, mut before) = (reference, None);
    for (at, piece) in form.iter().enumerate() {
        match piece {
            Piece::Separator(text) => {
                rest = rest.strip_prefix(text.as_str())?;
                before = Some(text);
            }
            Piece::Part { name, without } => {
                let end = match form.get(at + 1) {
                    Some(Piece::Separator(after)) => rest.find(after.as_str())?,
                    _ => rest.len(),
                };
                let (part, after) = rest.split_at(end);
                let is_last = at + 1 == form.len();
                let follows = is_last && !parts.is_empty();
                let ambiguous = follows && before.is_some_and(|text| part.contains(text.as_str()));
                let is_longer = without.iter().any(|text| part.contains(text.as_str()));
                if part.is_empty() || ambiguous || is_longer {
                    return None;
                }
                parts.push((name.clone(), part.to_owned()));
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(shape: &str, reference: &str) -> Option<String> {
        let parts = Shape::parse(shape).unwrap().split(reference).ok()?;
        let named = parts
            .named
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Some(named.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_part_ends_at_the_separator_after_it() {
        for (shape, reference, parts) in [
            ("name", "a/b#c", "name=a/b#c"),
            ("/path", "/a/b", "path=a/b"),
            ("mount/path#field", "kv/a/b#c", "mount=kv path=a/b field=c"),
            ("id[#key]", "arn:x#k", "id=arn:x key=k"),
            ("id[#key]", "arn:x", "id=arn:x"),
            (
                "p/e[/folder]#NAME",
                "1/dev/a/b#X",
                "p=1 e=dev folder=a/b NAME=X",
            ),
            ("p/e[/folder]#NAME", "1/dev#X", "p=1 e=dev NAME=X"),
            ("op://v/i[/section]/f", "op://a/b/c", "v=a i=b f=c"),
            (
                "op://v/i[/section]/f",
                "op://a/b/c/d",
                "v=a i=b section=c f=d",
            ),
            (
                "db?keyfile=file#e[#a]",
                "x.kdbx?keyfile=k#a/b#c",
                "db=x.kdbx file=k e=a/b a=c",
            ),
        ] {
            assert_eq!(
                split(shape, reference).as_deref(),
                Some(parts),
                "{reference}"
            );
        }
    }

    #[test]
    fn what_is_empty_or_ambiguous_is_no_reference() {
        for (shape, reference) in [
            ("mount/path#field", "kv#c"),
            ("mount/path#field", "kv/#c"),
            ("mount/path#field", "kv/a#b#c"),
            ("op://v/i[/section]/f", "op://a/b"),
            ("op://v/i[/section]/f", "op://a//c"),
            ("op://v/i[/section]/f", "op://a/b/c/d/e"),
            ("op://v/i[/section]/f", "a/b/c"),
            ("id[#key]", "#k"),
            ("id[#key]", "a#"),
            ("id[#key]", "a#b#c"),
            ("p/e[/folder]#NAME", "1/dev/#X"),
            ("path#field", "-d#c"),
            ("path#field", "a#-c"),
        ] {
            assert_eq!(split(shape, reference), None, "{reference}");
        }
    }

    #[test]
    fn a_shape_names_each_part_once_between_separators() {
        for (shape, error) in [
            ("", ShapeError::NoPart),
            ("/", ShapeError::NoPart),
            ("a#a", ShapeError::Twice("a".into())),
            ("a[#b", ShapeError::Brackets),
            ("a]#b", ShapeError::Brackets),
            ("a[b]", ShapeError::NoSeparator),
            ("a[#b][#c][#d][#e][#f]", ShapeError::TooMany),
            ("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", ShapeError::TooMany),
        ] {
            assert_eq!(Shape::parse(shape), Err(error), "{shape}");
        }
    }
}
