package play_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/shared/detect"
)

// The commands that `make run` prints for a remediation by hand are run by a shell against the whole stack: a plan, a yes, the
// eviction, the undo with a yes of its own, and the dismissal.
func TestThePrintedCommandsEvictAndTakeBack(t *testing.T) {
	th := open(t, play.Config{Days: 1, Scale: 0.1}, func(c *stack.Config) {
		c.Respond["REKEY_MODE"], c.Respond["REKEY_HTTP_APPROVALS"] = "approve", "true"
	})
	if _, err := th.play.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := th.tenant.Bystander().ObjectID
	out := shell(t, append([]string{th.stack.TokenCommand(stack.Administrator)}, th.stack.RemediationCommands(id)...)...)
	for _, want := range []string{
		"is planned", "is awaitingApproval", "approved; it is carried out now", "is watching: the locks are changed", `"text":"removing`,
		"comes back:       federated credential", "asked for by user 4e4b4559-0000-4000-8000-000000000015 through", "is done",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
	app, ok := th.stack.Cloud.Directory.Get("applications", th.tenant.Bystander().ApplicationObjectID)
	if !ok || len(app.Federated) == 0 {
		t.Errorf("the federated credential did not come back: %+v", app.Federated)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		c, err := th.stack.State.Cases().Newest(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if c.RiskState() == detect.StateDismissed {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			t.Fatalf("the risk is %s and not dismissed: %v", c.RiskState(), err)
		}
	}
}
