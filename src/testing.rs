//! What the integration tests, the fuzz targets and the benchmarks use. Not an
//! API: it changes without notice.

pub mod audit {
    pub use crate::audit::{
        Claimed, EndBody, EndRecord, FileFacts, Log, OpenRecord, ProgramFacts, RecordedArg,
        RecordedArgs, RunContext, RunFacts, RunId, StartRecord,
    };
}

pub mod diagnostics {
    pub use crate::diagnostics::{
        Code, Diagnostic, Diagnostics, Location, Safety, Source, has_errors, sorted,
    };
}

pub mod discovery {
    pub use crate::discovery::Roots;
}

pub mod dispatch {
    pub use crate::dispatch::{Ended, Exit, Outcome, run};
}

pub mod guard {
    pub use crate::guard::{
        Answer, Guards, Plan, Preview, Refusal, Request, Step, Verdict, first_refusal,
    };
}

pub mod history {
    pub use crate::history::{
        InputKind, Problem, RecordSummary, Runs, Verified, Verifier, each_line, verify,
    };
}

pub mod host {
    pub use crate::host::{
        Access, Acl, AskError, CallQueue, ChildEnd, Contents, ExecLimits, FileDigest, FileId,
        FileKind, FileVersion, HEAD, Host, HostView, Identity, LogFile, LoginUid, Masking, NewFile,
        OpenLog, Opened, ProcessFacts, Signal, Start, Stat, System, TimeLimits, ToolCall,
        ToolError, ToolInput, ToolOutput, quiet_panics,
    };
}

pub mod manifest {
    pub use crate::manifest::{
        LogAccess, Manifest, Mask, SCHEMA, apply_fixes, parse, problems, schema, source,
    };
}

pub mod masking {
    pub use crate::masking::{Masker, Stream};
}

pub mod names {
    pub use crate::names::{
        Digest, LOADER_VARIABLES, Sha256, Text, is_hidden, to_json_line, to_json_pretty,
    };
}

pub mod policy {
    pub use crate::policy::Policies;
}

pub mod providers {
    pub use crate::providers::{Argument, Calls, Program, Provider, Row, Tried};
}

pub mod report {
    pub use crate::report::{
        DiagnosticsDocument, ExplainDocument, Style, TOPICS, concise, diagnostics, schemas,
    };
}
