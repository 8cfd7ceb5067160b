package stream_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/stream"
	"rekey/shared/rule"
	"rekey/shared/score"
)

// secretAdded is the record of a secret that somebody added to an application.
func secretAdded(id, keyID, by string) string {
	return fmt.Sprintf(`{"records":[{"time":%q,"category":"AuditLogs","tenantId":"t1","properties":{"id":%q,"result":"success","activityDateTime":%q,
	 "activityDisplayName":"Update application – Certificates and secrets management ","initiatedBy":{"user":{"id":%q,"userPrincipalName":"anna@contoso.com"}},
	 "targetResources":[{"id":"obj1","displayName":"billing","type":"Application","modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]",
	 "newValue":"[\"[KeyIdentifier=%s,KeyType=Password,KeyUsage=Verify,DisplayName=x]\"]"}]}],"additionalDetails":[{"key":"AppId","value":"APP1"}]}}]}`,
		now.Format(time.RFC3339), id, now.Format(time.RFC3339), by, keyID)
}

// nameless is a change whose record does not name the application's appId.
func nameless(record string) string {
	return strings.ReplaceAll(record, `{"key":"AppId","value":"APP1"}`, "")
}

func TestADirectoryChangeIsKeptUnderTheApplicationAndRungForOnce(t *testing.T) {
	w := newWorld()
	for range 2 { // delivered twice
		if err := w.send(t, secretAdded("Directory_1", "11111111-aaaa", "u1")); err != nil {
			t.Fatal(err)
		}
	}
	found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), "app:app1")
	if err != nil || len(found) != 1 || found[0].Rule != "credentialFirst" || found[0].Level != score.LevelLow {
		t.Fatalf("%+v (%v)", found, err)
	}
	if got := w.bell.Rung(); !slices.Equal(got, []string{"app:app1"}) {
		t.Errorf("rung: %v", got)
	}
}

func TestWhatADeclaredDeployerDoesAsHisWorkIsNotTold(t *testing.T) {
	w := newWorld(func(c *stream.Config) { c.World = &rule.World{Deployers: []string{"u1"}} })
	if err := w.send(t, secretAdded("Directory_1", "11111111-aaaa", "u1"), secretAdded("Directory_2", "22222222-aaaa", "u2")); err != nil {
		t.Fatal(err)
	}
	found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), "app:app1")
	if err != nil || len(found) != 1 || found[0].KeyIDs[0] != "22222222-aaaa" {
		t.Errorf("%+v (%v)", found, err)
	}
}

func TestMicrosoftsFindingsKeepTheirTypeAndLevel(t *testing.T) {
	w := newWorld()
	risk := fmt.Sprintf(`{"time":%q,"category":"ServicePrincipalRiskEvents","tenantId":"t1","properties":{"id":"r1","riskEventType":"leakedCredentials","riskLevel":"high",
	 "riskState":"atRisk","activityDateTime":%q,"servicePrincipalId":"sp1","keyIds":["k1"]}}`, now.Format(time.RFC3339), now.Format(time.RFC3339))
	if err := w.send(t, risk, risk); err != nil {
		t.Fatal(err)
	}
	found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), "sp1")
	if err != nil || len(found) != 1 || found[0].Type != "leakedCredentials" || found[0].Level != score.LevelHigh || found[0].Rule != "microsoftRisk" {
		t.Errorf("%+v (%v)", found, err)
	}
}
