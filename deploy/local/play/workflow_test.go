package play_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/deploy/logicapps/engine"
)

// The workflow that approves, over the whole stack: the staged apps take its subscription, call it back, carry out the yes that
// somebody gives by mail, and wake it when the locks are changed. Mail and Teams are the test's.
func TestAWorkflowMailsAPlanAndSaysItsYes(t *testing.T) {
	th := open(t, play.Config{Days: 1, Scale: 0.1}, func(c *stack.Config) {
		c.Respond["REKEY_MODE"], c.Respond["REKEY_HTTP_APPROVALS"] = "approve", "true"
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if _, err := th.play.Learn(ctx); err != nil {
		t.Fatal(err)
	}
	token, err := th.stack.Token(ctx, stack.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	w := th.workflow(ctx, t, token)
	if err := w.SwitchOn(); err != nil {
		t.Fatal(err)
	}
	const order = `{"servicePrincipalId":"%s","mode":"approve","reason":"its secret was in a mail"}`
	status, said := th.ask(t, stack.Administrator, http.MethodPost, th.stack.FaceURL+"/api/remediations", fmt.Sprintf(order, th.tenant.Bystander().ObjectID))
	if status != http.StatusAccepted {
		t.Fatalf("asking for a remediation: %d %v", status, said)
	}
	for {
		r, ok := w.Next()
		if !ok {
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				t.Fatalf("the workflow was not called: %v", err)
			}
			continue
		}
		for _, err := range r.Errors {
			t.Error(err)
		}
		if r.Status["Tell_the_end"] != engine.Succeeded {
			t.Errorf("%v", r.Status)
		}
		break
	}
	if err := w.SwitchOff(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"CANNOT BE UNDONE", "is watching", "the locks are changed"} {
		if !strings.Contains(th.story.String(), want) {
			t.Errorf("%q was told to nobody", want)
		}
	}
}

// workflow loads the workflow. Its connectors write what they are sent to the story.
func (th *theatre) workflow(ctx context.Context, t *testing.T, token string) *engine.Workflow {
	t.Helper()
	base := th.stack.FaceURL + "/api"
	served, err := th.stack.Cloud.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var w *engine.Workflow
	w, err = engine.Load(filepath.Join(root(t), "deploy", "logicapps", "approve.json"), map[string]any{
		"rekeyUrl": base, "approver": "ann@contoso.com", "teamId": "team1", "channelId": "channel1",
	}, engine.Config{
		Client: http.DefaultClient, TLS: served, Token: func(string) string { return token },
		Pause: func(d time.Duration) { _ = pause(ctx, min(d, time.Second)) }, Idle: func() { _ = pause(ctx, 500*time.Millisecond) },
		Connector: func(c engine.Call) engine.Response {
			if c.Connection == "rekey" {
				out, err := w.Follow(base, token, c)
				if err != nil {
					t.Error(err)
				}
				return out
			}
			if err := json.NewEncoder(&th.story).Encode(c); err != nil {
				t.Error(err)
			}
			return engine.Response{Status: http.StatusOK, Body: map[string]any{"SelectedOption": "Approve"}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}
