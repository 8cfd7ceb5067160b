package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"rekey/handlers/state"
	"rekey/shared/fault"
	"rekey/shared/host/config"
)

// az puts a program of that name first on the path.
func az(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+"/usr/bin:/bin")
}

func TestAPersonIsWhoeverIsSignedInToAzureCLIInThatTenant(t *testing.T) {
	az(t, `case "$*" in *"--tenant 11111111-2222-3333-4444-555555555555"*) echo '{"accessToken":"a-token","expires_on":4102444800,"tenant":"x","tokenType":"Bearer"}';; *) echo "ERROR: AADSTS50020" >&2; exit 1;; esac`)
	cred, err := state.Person(t.Context(), state.AsCLI, "11111111-2222-3333-4444-555555555555", config.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err != nil || token.Token != "a-token" {
		t.Errorf("%v %v", token, err)
	}
	_, err = state.Person(t.Context(), state.AsCLI, "99999999-2222-3333-4444-555555555555", config.Identity{})
	if !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "az login --tenant 99999999-2222-3333-4444-555555555555") {
		t.Errorf("in a tenant where nobody is signed in: %v", err)
	}
}

func TestWhoAPersonIsIsSaidAndNeverGuessed(t *testing.T) {
	az(t, "exit 1")
	for as, want := range map[string]string{
		"cli": "install az, and sign in with `az login`", "environment": "set AZURE_TENANT_ID, AZURE_CLIENT_ID", "": "identity or environment", "me": `as "me"`,
	} {
		if _, err := state.Person(t.Context(), as, "", config.Identity{}); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", as, err, want)
		}
	}
}
