package rule

// Further is something that no public rule looks at, and what looks at it here.
type Further struct {
	What      string
	Rules     []string // ids of rules of any catalogue, as their pages are named
	Scenarios []string // of handlers/scenario, that play it through
	Limit     string   // what cannot be seen, or is told by another way than it seems; empty when nothing has to be said
}

// Beyond lists what Rekey looks for beyond the 95 public detections.
var Beyond = []Further{
	{What: "Use of the old Azure AD Graph", Rules: []string{"oldGraphFirstUsed", "oldGraphSignIn"}, Scenarios: []string{"old-graph"}},
	{What: "Enumeration, judged by what is listed and not by the user agent", Rules: []string{"graphEnumeration", "unfamiliarThenListing"}, Scenarios: []string{"sign-in-activity"}},
	{
		What:      "A principal makes an application and arms it: a credential, consent, or full_access_as_app",
		Rules:     []string{"buildsAnother", "applicationCreated", "grantAfterCreation", "appRoleByApplication", "mailRoleGranted", "credentialsOnMany", "manyCreated"},
		Scenarios: []string{"planted-elsewhere"},
	},
	{What: "A principal writes users, authentication methods or passwords", Rules: []string{"userByApplication", "methodByApplication", "passwordByApplication"}},
	{What: "A principal changes the federation of a domain", Rules: []string{"domainFederated", "domainAdded"}},
	{What: "Access elevated to all of Azure", Rules: []string{"accessElevated", "elevateAccessAzure"}},
	{What: "Roles gained, given out, or gained through groups", Rules: []string{"groupMember", "groupByApplication", "powerUsed", "firstTimeAct"}, Scenarios: []string{"app-roles"}},
	{
		What:      "A Conditional Access policy switched off, loosened, or a principal taken out of it",
		Rules:     []string{"conditionalAccessOff", "conditionalAccessExcepted", "conditionalAccessLoosened"},
		Scenarios: []string{"block-evasion"},
		Limit:     "it is told in the tenant's case; the case of a principal that the policy named does not show it",
	},
	{What: "A named location trusted or widened", Rules: []string{"namedLocation"}},
	{What: "An app management policy or a property lock changed", Rules: []string{"managementPolicy", "propertyLock"}},
	{What: "A disabled principal enabled again by somebody else", Rules: []string{"enabledByAnother", "accountEnabled"}, Scenarios: []string{"block-evasion"}},
	{
		What:      "An application with a name like Microsoft's and another owner",
		Rules:     []string{"nameLikeMicrosoft", "principalForeign", "foreignPowerful"},
		Scenarios: []string{"unverified-application"},
	},
	{What: "Supplier theft: a foreign principal from a network new for all its sign-ins reads mail or files", Rules: []string{"supplierReads"}, Scenarios: []string{"supplier-theft"}},
	{What: "Delegated use: a developer client, then enumeration", Rules: []string{"userEnumeration"}, Limit: "it is about a user: never a reason to evict"},
	{What: "The first sign-in with a federated credential by a principal that never used one", Rules: []string{"federatedNew"}},
	{What: "Federated credentials with wildcard claims", Rules: []string{"federatedWildcard"}},
	{
		What:  "Federated credentials with an issuer new to the tenant",
		Rules: []string{"federatedAdded", "federatedIssuerChanged", "federatedRepository"},
		Limit: "there is no memory of all issuers of a tenant. An issuer that is neither usual nor declared is high whenever it comes; a usual one of which everybody can get tokens " +
			"is medium where the tenant declares its issuers (REKEY_ISSUERS) and this is none, and of GitHub the organisation decides (REKEY_REPOSITORIES); another Entra tenant is high",
	},
	{What: "Trusted certificate authorities changed", Rules: []string{"certificateAuthority", "trustedAuthority"}},
	{
		What:  "Actor tokens",
		Rules: []string{"actorToken"},
		Limit: "they leave no sign-in, and the calls they made to the old Graph were in no log. Only a change of the directory shows them, by a service's display name beside a user's name; the shape is guessed",
	},
	{What: "Diagnostic settings changed", Rules: []string{"diagnosticsChanged"}, Scenarios: []string{"rekey-tampered"}},
	{What: "A log silent past its norm: what it would show is unknown", Rules: []string{"streamSilent"}, Scenarios: []string{"silent-log"}},
	{
		What:      "Changes to Rekey's own identity, roles, vault, storage or exclusion",
		Rules:     []string{"credentialOnRekey", "rekeyChanged", "rekeyDisabled", "rekeyBlocked", "watcherTampered"},
		Scenarios: []string{"rekey-tampered"},
	},
	{
		What:      "What is changed by somebody who is in a case himself, a deployer too",
		Rules:     []string{"changedBySuspect", "firstTimeActor", "unfamiliarThenChange"},
		Scenarios: []string{"deployer-in-a-case", "planted-elsewhere"},
	},
}
