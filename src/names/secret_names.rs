//! Which names promise a secret: the one definition, for variables, options, headers,
//! fields and parameters.

/// What the name of a secret ends in.
const ENDINGS: [&str; 11] = [
    "password", // `PGPASSWORD`
    "passwd",
    "passphrase",
    "passcode",
    "token",
    "secret",
    "key",
    "credential",
    "credentials",
    "signature", // whoever has a signed URL needs nothing else
    "jwt",
];

/// The last word of a name: `DB_PWD`, and neither `PWD`, which is a directory, nor
/// `COMPASS`.
const LAST_WORDS: [&str; 5] = ["pass", "pwd", "pat", "otp", "psk"];

/// Whole names: in connection strings, signed URLs, `.npmrc`.
const WHOLE: [&str; 12] = [
    "pwd", "Pwd", "pass", "Pass", "PASS", "pat", "PAT", "otp", "OTP", "PSK", "sig", "_auth",
];

const PUBLIC: [&str; 8] = [
    "public_key",
    "public-key",
    "publickey",
    "pubkey",
    "key_value",
    "key-value",
    "application_credentials", // the path of a file
    "application-credentials",
];

/// What says how a value is written, and not what it is: `API_KEY_2`, `TLS_KEY_BASE64`.
const FORMS: [&str; 6] = ["value", "string", "json", "base64", "b64", "pem"];

/// Whether a name such as `API_TOKEN`, `--db-passwd` or `X-Api-Key` promises a
/// secret. The path of a key (`--key-file`) and a public key are not secrets.
pub fn promises_secret(name: impl AsRef<[u8]>) -> bool {
    let name = name.as_ref();
    let lower = name.to_ascii_lowercase();
    let core = without_form(&lower);
    let ends_in = |end: &&str| core.ends_with(end.as_bytes());
    let is_public = |end: &&str| lower.ends_with(end.as_bytes()) || ends_in(end);
    let ends_in_word = |word: &&str| {
        let before = core.strip_suffix(word.as_bytes()).and_then(<[u8]>::last);
        before.is_some_and(|byte| SEPARATORS.contains(byte))
    };
    let is_whole = WHOLE.iter().any(|whole| name == whole.as_bytes());
    let is_secret = ENDINGS.iter().any(ends_in) || LAST_WORDS.iter().any(ends_in_word);
    is_whole || (is_secret && !PUBLIC.iter().any(is_public))
}

/// Whether the name of a header, or of a field in JSON, promises a secret.
pub(super) fn is_secret_header(name: &[u8]) -> bool {
    const HEADERS: [&str; 5] = [
        "authorization",
        "authentication",
        "cookie",
        "-auth",
        "_auth",
    ];
    let lower = name.to_ascii_lowercase();
    let ends_in = |end: &&str| lower.ends_with(end.as_bytes());
    promises_secret(name) || lower == b"auth" || HEADERS.iter().any(ends_in)
}

const SEPARATORS: &[u8] = b"_-.";

/// Removes numbers and forms from the end of a name.
fn without_form(name: &[u8]) -> &[u8] {
    let form = FORMS.iter().find_map(|form| {
        let before = name.strip_suffix(form.as_bytes())?;
        before
            .split_last()
            .filter(|(last, _)| SEPARATORS.contains(last))
    });
    match (form, name.split_last()) {
        (Some((_, before)), _) => without_form(before),
        (None, Some((last, before))) if last.is_ascii_digit() || SEPARATORS.contains(last) => {
            without_form(before)
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_promises_a_secret_by_its_ending() {
        for name in [
            "DB_PASSWD",
            "PGPASSWORD",
            "SSH_PASSPHRASE",
            "DB_PASS",
            "MYSQL_PWD",
            "GH_TOKEN",
            "GIT_PAT",
            "WIFI_PSK",
            "AWS_SECRET_ACCESS_KEY",
            "APIKEY",
            "api_key",
            "accessToken",
            "--secret-key",
            "--private-key",
            "client-secret",
            "AWS_CREDENTIALS",
            "X-Vault-Token",
            "X-Amz-Signature",
            "sig",
            "PASS",
            "OTP",
            "Pwd",
            "_auth",
        ] {
            assert!(promises_secret(name), "{name}");
        }
        for name in [
            "QLI_ENV",
            "PGHOST",
            "PWD",
            "OLDPWD",
            "KEYS",
            "TOKENS",
            "AWS_ACCESS_KEY_ID",
            "SSH_AUTH_SOCK",
            "KEY_FILE",
            "--key-file",
            "COMPASS",
            "PATH",
            "--spat",
            "PUBLIC_KEY",
            "PUBLIC_KEY_PEM",
            "--ssh-public-key",
            "--key-value",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "",
            "2",
        ] {
            assert!(!promises_secret(name), "{name}");
        }
    }

    #[test]
    fn numbers_and_forms_do_not_change_what_a_name_promises() {
        for name in [
            "API_KEY_2",
            "PASSWORD1",
            "TLS_KEY_PEM",
            "SSH_KEY_BASE64",
            "--secret-string",
            "TOKEN_VALUE_2",
        ] {
            assert!(promises_secret(name), "{name}");
        }
        for name in [
            "BASE64",
            "--string",
            "KEY_STRINGS",
            "PORT_2",
            "monkey_business",
        ] {
            assert!(!promises_secret(name), "{name}");
        }
    }

    #[test]
    fn headers_and_fields_that_authenticate_are_secret() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Set-Cookie",
            "X-Auth",
            "auth",
        ] {
            assert!(is_secret_header(name.as_bytes()), "{name}");
        }
        for name in ["Author", "X-Author", "Cookies-Allowed", "Accept"] {
            assert!(!is_secret_header(name.as_bytes()), "{name}");
        }
    }
}
