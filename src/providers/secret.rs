//! A secret value in memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

/// A value that is erased when it is dropped, and that cannot be printed: it is
/// not `Serialize`, not `Display`, and its `Debug` shows nothing.
///
/// ```compile_fail,E0277
/// fn record(secret: &qli::testing::providers::Secret) -> String {
///     qli::testing::names::to_json_line(secret)
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn message(secret: &qli::testing::providers::Secret) -> String {
///     format!("the value is {secret}")
/// }
/// ```
pub struct Secret(SecretBox<Vec<u8>>);

/// Why bytes cannot be the value of an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// An empty secret is a mistake in the store.
    #[error("the value is empty")]
    Empty,
    /// environ(7) cannot contain one.
    #[error("the value contains a NUL byte")]
    Nul,
}

impl Secret {
    /// Takes a value without copying it.
    pub fn new(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, Unusable> {
        if bytes.is_empty() {
            return Err(Unusable::Empty);
        }
        if bytes.contains(&0) {
            return Err(Unusable::Nul);
        }
        Ok(Self(SecretBox::new(Box::new(std::mem::take(&mut *bytes)))))
    }

    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(SecretBox::new(Box::new(self.0.expose_secret().clone())))
    }

    /// For passing the value on.
    pub fn expose(&self) -> &OsStr {
        OsStr::from_bytes(self.0.expose_secret())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new(Zeroizing::new(b"hunter2".to_vec())).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn what_no_variable_can_hold_is_refused() {
        let of = |bytes: &[u8]| Secret::new(Zeroizing::new(bytes.to_vec())).map(|_| ());
        assert_eq!(of(b""), Err(Unusable::Empty));
        assert_eq!(of(b"a\0b"), Err(Unusable::Nul));
        assert_eq!(of(b"\xff"), Ok(()));
    }
}
