package exposure

import (
	"slices"
	"strings"

	"rekey/shared/event"
)

// azurePrefix stands before the operations that are kept among calls.
const azurePrefix = "ARM "

// azureFact reads a record of Azure Resource Manager. Each operation has a record for its start and one for its end;
// only ends count.
func azureFact(a *event.AzureOperation) (Fact, bool) {
	class, op := azureOp(a.Operation)
	if op == 0 || a.Scope == "" {
		return Fact{}, false
	}
	f := Fact{Class: class, Op: op, Vault: text(vaultOf(a.Scope), maxName)}
	f.Object = text(azureObject(class, a), class.maxName())
	switch {
	case equalAny(a.Status, "Failure", "Failed"):
		f.Class, f.Object = ClassDenied, text(f.Object, maxName)
		return f, true
	case equalAny(a.Status, "Success", "Succeeded"):
		return f, true
	}
	return Fact{}, false
}

func equalAny(s string, options ...string) bool {
	for _, o := range options {
		if strings.EqualFold(s, o) {
			return true
		}
	}
	return false
}

// azureOp classes an operation, which is in lower case.
func azureOp(operation string) (Class, Ops) {
	switch operation {
	case "microsoft.keyvault/vaults/write":
		return ClassVault, OpConfigure
	case "microsoft.keyvault/vaults/accesspolicies/write", "microsoft.authorization/roleassignments/write",
		"microsoft.authorization/elevateaccess/action":
		return ClassVault, OpGrant
	case "microsoft.keyvault/vaults/delete":
		return ClassVault, OpDelete
	case "microsoft.keyvault/locations/deletedvaults/purge/action":
		return ClassVault, OpPurge
	case "microsoft.keyvault/vaults/secrets/write": // a template sets a secret; it cannot read one
		return ClassVault, OpWrite
	case "microsoft.insights/diagnosticsettings/delete":
		return ClassVault, OpBlind
	}
	if givesPower(operation) {
		return ClassCall, OpCall
	}
	if handsOutKeys(operation) {
		return ClassResource, OpKeys
	}
	return 0, 0
}

// powers are operations that run code as somebody else, or let somebody else in. They are remembered by their names: which
// machine a command was run on is in the record.
var powers = []string{
	"microsoft.compute/virtualmachines/runcommand/action",
	"microsoft.compute/virtualmachines/runcommands/write",
	"microsoft.compute/virtualmachines/extensions/write",
	"microsoft.compute/virtualmachinescalesets/extensions/write",
	"microsoft.automation/automationaccounts/write",
	"microsoft.automation/automationaccounts/runbooks/write",
	"microsoft.automation/automationaccounts/runbooks/draft/write",
	"microsoft.automation/automationaccounts/runbooks/publish/action",
	"microsoft.automation/automationaccounts/webhooks/write",
	"microsoft.automation/automationaccounts/webhooks/action",
	"microsoft.automation/automationaccounts/jobs/write",
	"microsoft.managedidentity/userassignedidentities/assign/action",
	"microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/write",
	"microsoft.containerservice/managedclusters/runcommand/action",
}

func givesPower(operation string) bool { return slices.Contains(powers, operation) }

// handsOutKeys reports whether the answer to an operation holds keys. Every provider names such an action for itself, so
// a pattern is used and not a list: it finds the next provider's, too.
func handsOutKeys(operation string) bool {
	rest, isAction := strings.CutSuffix(operation, "/action")
	if !isAction {
		return false
	}
	verb := rest[strings.LastIndexByte(rest, '/')+1:]
	switch verb {
	case "publishxml", "sharedkeys", "regeneratekey", "regeneratekeys", "generatekey", "retrieveregistrationtoken", "getcallbackurl":
		return true
	case "list": // of a web application's settings, connection strings, publishing profile
		return strings.Contains(rest, "/config/")
	}
	if !strings.HasPrefix(verb, "list") {
		return false
	}
	for _, what := range []string{"key", "secret", "credential", "connectionstring", "sas", "callbackurl", "password", "admintoken"} {
		if strings.Contains(verb, what) {
			return true
		}
	}
	return false
}

// azureObject is what an operation was done to: the vault by its name, like in its own log, or the scope. Of a call it is
// the operation.
func azureObject(class Class, a *event.AzureOperation) string {
	scope := a.Scope
	switch class {
	case ClassResource:
		return scope
	case ClassCall:
		return azurePrefix + a.Operation
	}
	if v := vaultOf(scope); v != "" {
		return v
	}
	scope, _, _ = strings.Cut(scope, "/providers/microsoft.authorization/")
	scope, _, _ = strings.Cut(scope, "/providers/microsoft.insights/")
	return scope
}

// vaultOf returns the name of the vault in a resource's id, or "".
func vaultOf(scope string) string {
	for _, before := range []string{"/providers/microsoft.keyvault/vaults/", "/deletedvaults/"} {
		if _, rest, ok := strings.Cut(scope, before); ok {
			name, _, _ := strings.Cut(rest, "/")
			return name
		}
	}
	return ""
}
