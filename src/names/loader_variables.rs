//! The variables that decide which code runs inside a script that does not name it: the
//! one table of them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Those of one reader.
#[derive(Debug, Clone, Copy)]
pub struct LoaderVariables {
    /// Who reads them.
    pub reader: &'static str,
    /// Names, and beginnings of names with a final `*`.
    pub names: &'static [&'static str],
}

const fn of(reader: &'static str, names: &'static [&'static str]) -> LoaderVariables {
    LoaderVariables { reader, names }
}

/// Sources: what sudo removes (`initial_badenv_table` in its `plugins/sudoers/env.c`), and
/// the manual of each reader. What only changes data, such as the time zone, is not here;
/// nor is `PATH`, without which hardly a script runs.
pub const LOADER_VARIABLES: &[LoaderVariables] = &[
    // sh(1), "ENV" and "IFS"; bash(1), "Shell Variables" and BASH_ENV.
    of(
        "sh, bash and ksh",
        &[
            "BASHOPTS",
            "BASH_ENV",
            "CDPATH",
            "ENV",
            "GLOBIGNORE",
            "IFS",
            "PS4",
            "SHELLOPTS",
        ],
    ),
    // bash(1), "Functions": exported ones have the names BASH_FUNC_name%%.
    of("bash", &["BASH_FUNC_*"]),
    // zsh(1), "Files", and zshparam(1).
    of("zsh", &["FPATH", "NULLCMD", "READNULLCMD", "ZDOTDIR"]),
    // ld.so(8); dyld(1).
    of("the dynamic loader", &["DYLD_*", "LD_*"]),
    // iconv_open(3) of glibc; terminfo(5).
    of(
        "the C library and curses",
        &["GCONV_PATH", "TERMINFO", "TERMINFO_DIRS"],
    ),
    // The java command: "Using the JDK_JAVA_OPTIONS", and JVM TI, "JAVA_TOOL_OPTIONS".
    of(
        "java",
        &["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"],
    ),
    // perlrun(1).
    of("perl", &["PERL5*", "PERLLIB"]),
    // python(1), "Environment variables".
    of("python", &["PYTHON*"]),
    // ruby(1), "Environment".
    of("ruby", &["RUBY*"]),
    // node(1), "Environment".
    of("node", &["NODE_OPTIONS", "NODE_PATH"]),
    // lua(1); php(1); .NET, "host startup hook".
    of(
        "lua, php and .NET",
        &[
            "DOTNET_STARTUP_HOOKS",
            "LUA_INIT*",
            "PHPRC",
            "PHP_INI_SCAN_DIR",
        ],
    ),
    // git(1), "Environment variables"; git-config(1), GIT_CONFIG_COUNT.
    of(
        "git",
        &[
            "GIT_CONFIG*",
            "GIT_EXEC_PATH",
            "GIT_EXTERNAL_DIFF",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
        ],
    ),
];

/// Whether a variable decides which code runs, by its name or by a value that is a
/// function of a shell.
pub fn is_loader_variable(name: &OsStr, value: &OsStr) -> bool {
    // bash before 4.3 imports a function from any variable.
    is_loader_name(name) || value.as_bytes().starts_with(b"()")
}

fn is_loader_name(name: &OsStr) -> bool {
    reader_of(name).is_some()
}

/// Who reads a variable that decides which code runs.
pub fn reader_of(name: &OsStr) -> Option<&'static str> {
    let matches = |one: &&LoaderVariables| one.names.iter().any(|all| name_matches(all, name));
    LOADER_VARIABLES.iter().find(matches).map(|one| one.reader)
}

/// Whether a name is another, or begins with one that ends in `*`.
pub fn name_matches(pattern: &str, name: &OsStr) -> bool {
    match pattern.as_bytes() {
        [start @ .., b'*'] => name.as_bytes().starts_with(start),
        all => name.as_bytes() == all,
    }
}

/// Whether a pattern matches every name that another one matches.
pub fn name_covers(pattern: &str, other: &str) -> bool {
    match (pattern.strip_suffix('*'), other.strip_suffix('*')) {
        (Some(start), all) => all.unwrap_or(other).starts_with(start),
        (None, _) => pattern == other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_in_the_table_twice_and_each_row_is_sorted() {
        let mut seen = BTreeSet::new();
        for row in LOADER_VARIABLES {
            assert!(row.names.is_sorted(), "{row:?}");
            for name in row.names {
                let plain = name.trim_end_matches('*');
                assert!(!is_listed_elsewhere(plain, name), "{name}");
                assert!(seen.insert(name), "{name}");
            }
        }
    }

    /// Whether a row for several names has this one too.
    fn is_listed_elsewhere(plain: &str, own: &str) -> bool {
        let mut all = LOADER_VARIABLES.iter().flat_map(|row| row.names);
        all.any(|other| *other != own && name_matches(other, plain.as_ref()))
    }

    #[test]
    fn what_was_seen_to_run_code_is_in_the_table() {
        let names = "IFS CDPATH ENV BASH_ENV PS4 GLOBIGNORE BASHOPTS SHELLOPTS LD_PRELOAD \
            LD_AUDIT LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES GCONV_PATH TERMINFO ZDOTDIR \
            JAVA_TOOL_OPTIONS PERL5LIB PERL5OPT PERL5DB PYTHONPATH PYTHONSTARTUP PYTHONHOME \
            RUBYLIB RUBYOPT NODE_OPTIONS NODE_PATH GIT_SSH_COMMAND GIT_CONFIG GIT_CONFIG_COUNT \
            GIT_CONFIG_KEY_0 BASH_FUNC_echo%%";
        for name in names.split_whitespace() {
            assert!(is_loader_name(name.as_ref()), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "LANG",
            "TZ",
            "ENVIRONMENT",
            "GIT_DIR",
            "_",
            "LD",
            "",
        ] {
            assert!(!is_loader_name(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn a_value_that_is_a_function_counts_whatever_its_name() {
        let is = |value: &str| is_loader_variable("GREETING".as_ref(), value.as_ref());
        assert!(is("() { :; }") && is("()"));
        assert!(!is("( )") && !is(" () { :; }") && !is(""));
    }
}
