package stream_test

import (
	"fmt"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/principals"
	"rekey/shared/score"
)

// read is a vault's record of a SecretGet.
func read(at time.Time, code int, vault, name string) string {
	return fmt.Sprintf(`{"category":"AuditEvent","time":%q,"operationName":"SecretGet","resultType":"Success","callerIpAddress":"192.0.2.7",
	 "resourceId":"/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/%s","identity":{"claim":{"oid":"sp1","appid":"app1","appidacr":"1"}},
	 "properties":{"httpStatusCode":%d,"id":"https://%s.vault.azure.net/secrets/%s/0123456789abcdef0123456789abcdef"}}`, at.Format(time.RFC3339), vault, code, vault, name)
}

func TestASecretReadIsRememberedAndANewVaultIsDetectedWhileARefusalTeachesNothing(t *testing.T) {
	w := newWorld()
	for d := 9; d > 0; d-- {
		if err := w.send(t, read(now.AddDate(0, 0, -d), 200, "own", "db")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.send(t, read(now.Add(-2*time.Hour), 403, "payroll", "db")); err != nil {
		t.Fatal(err)
	}
	store := findings.Store{Table: w.detections, Index: w.index}
	if found, err := store.Of(t.Context(), "sp1"); err != nil || len(found) != 0 {
		t.Fatalf("before anything was read: %+v (%v)", found, err)
	}
	for range 2 { // delivered twice
		if err := w.send(t, read(now.Add(-time.Hour), 200, "payroll", "db")); err != nil {
			t.Fatal(err)
		}
	}
	found, err := store.Of(t.Context(), "sp1")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]score.Level{}
	for _, d := range found {
		got[d.Rule] = d.Level
	}
	if len(got) != 2 || got["vaultFirstUse"] != score.LevelMedium || got["vaultRefusedThenRead"] != score.LevelMedium {
		t.Errorf("%v", got)
	}
	state, err := principals.Store{Table: w.state}.Load(t.Context(), "sp1")
	if err != nil {
		t.Fatal(err)
	}
	reads := state.Exposure.Reads(now.AddDate(0, 0, -30))
	if len(reads) != 2 || reads[0].Object != "payroll/secrets/db" || reads[0].From.String() != "192.0.2.7" || len(reads[0].Versions()) != 1 || reads[1].Object != "own/secrets/db" {
		t.Errorf("%+v", reads)
	}
}
