package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/azurite"
	"rekey/deploy/local/cloud"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	local "rekey/deploy/local/graph"
	"rekey/handlers/rights"
	"rekey/handlers/state"
	"rekey/shared/azure/graph"
	"rekey/shared/host/config"
)

const (
	adminID     = "ad000000-0000-4000-8000-000000000001"
	responderID = "00000000-0000-4000-8000-0000000000e1"
	emptyTenant = "aaaaaaaa-0000-4000-8000-000000000000"
)

// An empty tenant after `tofu apply`: the staged binary sets it up in the name of the machine's identity, does nothing the
// second time, and the doctor then finds what only time can bring, the logs, missing and nothing else.
func TestTheBinarySetsAnEmptyTenantUpAndExaminesIt(t *testing.T) {
	program, err := filepath.Abs(filepath.Join("..", "dist", "detect", "rekey"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the staged app is missing: run `make stage` (%v)", err)
	}
	env, outputs := emptyCloud(t)
	run := func(words ...string) (string, int) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, words...)
		cmd.Env = append(os.Environ(), env...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return out.String(), cmd.ProcessState.ExitCode()
	}
	if said, code := run("setup", "--outputs", outputs, "--as", "identity"); code != 0 || !strings.Contains(said, "nothing was changed: --apply makes these calls") {
		t.Fatalf("the plan ended with %d:\n%s", code, said)
	}
	if said, code := run("setup", "--outputs", outputs, "--as", "identity", "--apply"); code != 0 || strings.Contains(said, "LEFT") || !strings.Contains(said, "api_audience = [") {
		t.Fatalf("--apply ended with %d:\n%s", code, said)
	}
	if said, code := run("setup", "--outputs", outputs, "--as", "identity", "--apply"); code != 0 || !strings.Contains(said, "nothing to do") {
		t.Errorf("the second time ended with %d:\n%s", code, said)
	}
	said, code := run("doctor", "--outputs", outputs, "--as", "identity")
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "FAIL") && !strings.Contains(line, "stream-never") {
			t.Errorf("the doctor found %s", line)
		}
	}
	if code != 1 || !strings.Contains(said, "ok    permissions ") || !strings.Contains(said, "ok    api ") || !strings.Contains(said, "ok    diagnostics ") || !strings.Contains(said, "ok    storage ") {
		t.Errorf("the doctor ended with %d:\n%s", code, said)
	}
	if said, code := run("setup", "--outputs", "/nowhere", "--as", "identity"); code != 1 || !strings.Contains(said, "reading the outputs") {
		t.Errorf("without outputs it ended with %d:\n%s", code, said)
	}
}

// emptyCloud starts a tenant that has Microsoft Graph, an identity and an administrator, and an account with everything in it.
func emptyCloud(t *testing.T) (env []string, outputs string) {
	t.Helper()
	held := map[string][]string{local.Audience: {"Application.ReadWrite.All", "Application.Read.All", "AppRoleAssignment.ReadWrite.All", "Policy.Read.All", "LicenseAssignment.Read.All"}}
	up, err := cloud.Start(t.Context(), cloud.Config{Dir: t.TempDir(), TenantID: emptyTenant, Identities: []entra.Identity{{ClientID: adminID, ObjectID: adminID, Roles: held}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	var roles []directory.AppRole
	for i, n := range rights.Graph() {
		roles = append(roles, directory.AppRole{ID: "0000000a-0000-4000-8000-0000000000" + string("0123456789"[i/10]) + string("0123456789"[i%10]), Value: n.Permission, DisplayName: n.Permission})
	}
	err = errors.Join(
		up.Directory.Seed(directory.ServicePrincipals,
			directory.Object{ID: "graph", AppID: graph.GraphAppID, DisplayName: "Microsoft Graph", DefinedAppRoles: roles, AccountEnabled: true},
			directory.Object{ID: responderID, AppID: "e2", DisplayName: "rekey-respond", ServicePrincipalType: "ManagedIdentity", AccountEnabled: true}),
		up.ARM.Build(func(b arm.World) {
			b.Assign(arm.Assignment{Scope: "/providers/microsoft.aadiam", Role: b.Define("Security Administrator", arm.Permission{Actions: []string{"microsoft.aadiam/diagnosticsettings/*"}}), PrincipalID: adminID})
		}))
	if err != nil {
		t.Fatal(err)
	}
	storage, err := azurite.Start(t.Context(), azurite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(storage.Close)
	account, err := state.Open(config.State{ConnectionString: config.Secret(storage.ConnectionString())}, config.Identity{})
	if err == nil {
		err = account.Ensure(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range up.Env() {
		env = append(env, name+"="+value)
	}
	env = append(env, "REKEY_TENANT_ID="+emptyTenant, "REKEY_CLIENT_ID="+adminID, "REKEY_GRAPH_URL="+up.GraphURL, "REKEY_ARM_URL="+up.ARMURL, "REKEY_STATE_CONNECTION_STRING="+storage.ConnectionString())
	outputs = filepath.Join(t.TempDir(), "outputs.json")
	const rule = "/subscriptions/11111111-0000-4000-8000-00000000000a/resourceGroups/rekey/providers/Microsoft.EventHub/namespaces/rekey/authorizationRules/azure"
	return env, writeOutputs(t, outputs, `{"identities":{"value":{"respond":{"principal_id":"`+responderID+`","client_id":"`+responderID+`"}}},
		"entra_diagnostics":{"value":{"rule_id":"`+rule+`","hubs":{"auditlogs":["AuditLogs"],"signins":["ServicePrincipalSignInLogs"]}}}}`)
}

func writeOutputs(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
