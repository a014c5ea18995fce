//! What a control token lets its owner do, and a user of the console.
//!
//! Not here: API keys; they have scopes, and open none of the operators' calls.

use crate::word::words;

words! {
    /// What whoever has it may do; each role may do what those before it may.
    pub enum Role {
        /// Look at the fleet: agents, leases, the queue, institutions, dead letters.
        Viewer = "viewer",
        /// Steer the fleet: drain, pause, revive; in the console also answer challenges and steer connections.
        Operator = "operator",
        /// Everything: organizations, keys, users, the audit trail, and what was read.
        Administrator = "administrator",
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn each_role_may_do_what_those_before_it_may() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Administrator);
    }
}
