//! Which names promise a secret: the one definition, for variables, options, headers,
//! fields and parameters.

/// What the name of a secret ends in, in small letters.
const ENDINGS: [&str; 15] = [
    "password", // `PGPASSWORD`
    "passwd",
    "passphrase",
    "passcode",
    "pass", // `DBPASS`, `--storepass`
    "pwd",  // `MYSQL_PWD`, but `PWD` is a directory
    "token",
    "secret",
    "key",
    "credential",
    "credentials",
    "signature", // whoever has a signed URL needs nothing else
    "jwt",
    "authorization",
    "cookie",
];

/// The last word of a name: `GIT_PAT`, but not `--spat`.
const LAST_WORDS: [&str; 4] = ["pat", "otp", "psk", "bearer"];

/// Whole names: in signed URLs, `.npmrc`, and of well-known variables.
const WHOLE: [&str; 10] = [
    "pat",
    "PAT",
    "otp",
    "OTP",
    "PSK",
    "sig",
    "_auth",
    "BASIC_AUTH",
    "DOCKER_AUTH_CONFIG",
    "REDISCLI_AUTH",
];

/// The endings of names that would promise a secret by those above.
const PUBLIC: [&str; 32] = [
    "public_key",
    "publickey",
    "pubkey",
    "key_value",
    "application_credentials", // the path of a file
    "primary_key",
    "foreign_key",
    "sort_key",
    "partition_key",
    "range_key",
    "row_key",
    "cache_key",
    "object_key",
    "s3_key",
    "parameter_key", // of CloudFormation: its value is a name
    "parameterkey",
    "idempotency_key",
    "idempotency_token",
    "next_token", // of a page of results
    "page_token",
    "pagetoken",
    "starting_token",
    "continuation_token",
    "newkey", // openssl req: `rsa:4096`
    "hotkey",
    "monkey",
    "turkey",
    "donkey",
    "compass",
    "bypass",
    "oldpwd",
    "trespass",
];

/// What says how a value is written, and not what it is: `API_KEY_2`, `TLS_KEY_BASE64`.
const FORMS: [&str; 6] = ["value", "string", "json", "base64", "b64", "pem"];

/// Whether a name such as `API_TOKEN`, `--db-passwd` or `X-Api-Key` promises a
/// secret. The path of a key (`--key-file`) and a public key are not secrets.
pub fn promises_secret(name: impl AsRef<[u8]>) -> bool {
    let name = name.as_ref();
    let lower = normalized(name);
    let core = without_form(&lower);
    let is_public = PUBLIC.iter().any(|end| {
        let end = end.as_bytes();
        lower.ends_with(end) || core.ends_with(end)
    });
    let is_other = is_public || is_negated(&lower) || name == b"PWD";
    let is_whole = WHOLE.iter().any(|whole| name == whole.as_bytes());
    is_whole || (ends_in_secret(core) && !is_other)
}

fn ends_in_secret(core: &[u8]) -> bool {
    let ends_in_word = |word: &&str| {
        let before = core.strip_suffix(word.as_bytes());
        before.is_some_and(|before| before.ends_with(b"_"))
    };
    let ends_in = |end: &&str| core.ends_with(end.as_bytes());
    ENDINGS.iter().any(ends_in) || LAST_WORDS.iter().any(ends_in_word)
}

/// An option such as `--no-password` has no value.
fn is_negated(name: &[u8]) -> bool {
    name.strip_prefix(b"__").unwrap_or(name).starts_with(b"no_")
}

/// In small letters, its words separated by `_`.
fn normalized(name: &[u8]) -> Vec<u8> {
    let bytes = name.iter().map(|byte| match byte {
        b'-' | b'.' => b'_',
        byte => byte.to_ascii_lowercase(),
    });
    bytes.collect()
}

/// Whether the name of a header, or of a field in JSON, promises a secret.
pub(super) fn is_secret_header(name: &[u8]) -> bool {
    const HEADERS: [&str; 2] = ["authentication", "_auth"];
    let lower = normalized(name);
    let ends_in = |end: &&str| lower.ends_with(end.as_bytes());
    promises_secret(name) || lower == b"auth" || HEADERS.iter().any(ends_in)
}

/// Removes numbers and forms from the end of a name.
fn without_form(name: &[u8]) -> &[u8] {
    let form = FORMS.iter().find_map(|form| {
        let before = name.strip_suffix(form.as_bytes())?;
        before.strip_suffix(b"_")
    });
    match (form, name.split_last()) {
        (Some(before), _) => without_form(before),
        (None, Some((last, before))) if last.is_ascii_digit() || *last == b'_' => {
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
    fn the_end_of_a_name_decides_unless_it_is_known_to_be_public() {
        for name in [
            "DBPASS",
            "-storepass",
            "dbPwd",
            "--cookie",
            "--authorization",
            "--oauth2-bearer",
            "REDISCLI_AUTH",
        ] {
            assert!(promises_secret(name), "{name}");
        }
        for name in [
            "--no-password",
            "--primary-key",
            "--next-token",
            "nextPageToken",
            "--bypass",
            "--cookie-jar",
            "--passport",
            "ENABLE_AUTH",
            "bearer-methods",
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
