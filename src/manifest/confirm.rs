//! How a person says yes.

use super::choice::choice;

choice! {
    /// What a person types to confirm a run. The later is the stricter.
    ConfirmBy "value of `confirm_by`" {
        /// `y`; `--yes` answers it too.
        #[default]
        Key = "key",
        /// The name of the group. `--yes` does not answer it; without a terminal
        /// `--confirm NAME` does.
        Name = "name",
    }
}
