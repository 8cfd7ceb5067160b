// Package privilege says how much power a permission or role gives: application permissions, delegated scopes,
// directory roles and Azure roles, each in a tier.
//
// Tier 0 is the control plane: who has it can become anybody. Tier 1 reads or changes other people's data and the
// settings that guard it. Tier 2 is what ordinary applications have. What is not in a table is TierUnknown, which is not
// the same as harmless: applications define roles of their own, and Microsoft adds permissions every month.
//
// The tables are CSV files beside the code, each row with its source, and people extend or overrule them without a new
// program (Table.Extend). Ids are compared as they are in logs, names and scopes without regard to case.
package privilege
