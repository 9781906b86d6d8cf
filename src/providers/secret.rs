//! A secret value in memory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

use crate::host::HostView;

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
    /// An empty secret is a mistake in the store, unless its manifest allows it.
    #[error("the value is empty")]
    Empty,
    /// environ(7) cannot contain one.
    #[error("the value contains a NUL byte")]
    Nul,
    /// A variable can have only so many bytes (execve(2)).
    #[error("the value is too long for a variable")]
    TooLong,
    #[error(
        "the value is the longest of {size} bytes of variables and arguments; the system takes {limit}"
    )]
    TooMuch { size: usize, limit: usize },
}

/// Every system takes this many bytes, so that its limit need not be asked for.
const SURELY_SHORT: usize = 64 * 1024;

impl Secret {
    /// Takes a value without copying it.
    pub fn new(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(SecretBox::new(Box::new(std::mem::take(&mut *bytes))))
    }

    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// Checks that a variable of this name can have the value.
    pub fn check_variable(&self, name: &str, view: &dyn HostView) -> Result<(), Unusable> {
        let bytes = self.0.expose_secret();
        if bytes.contains(&0) {
            return Err(Unusable::Nul);
        }
        let length = name.len() + "=\0".len() + bytes.len();
        if length > SURELY_SHORT && length > view.exec_limits().string {
            return Err(Unusable::TooLong);
        }
        Ok(())
    }

    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(SecretBox::new(Box::new(self.0.expose_secret().clone())))
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
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
    use crate::host::fake::{EXEC_LIMITS, World};

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new(Zeroizing::new(b"hunter2".to_vec()));
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn the_name_counts_for_the_length_of_a_variable() {
        let bytes = vec![b'x'; EXEC_LIMITS.string - "TOKEN=\0".len()];
        let secret = Secret::new(Zeroizing::new(bytes));
        let check = |name: &str| secret.check_variable(name, &World::new());
        assert_eq!(check("TOKEN"), Ok(()));
        assert_eq!(check("TOKENS"), Err(Unusable::TooLong));
    }

    #[test]
    fn what_no_variable_can_hold_is_refused() {
        let of = |bytes: &[u8]| {
            let secret = Secret::new(Zeroizing::new(bytes.to_vec()));
            secret.check_variable("A", &World::new())
        };
        assert_eq!(of(b"a\0b"), Err(Unusable::Nul));
        assert_eq!(of(b"\xff"), Ok(()));
    }
}
