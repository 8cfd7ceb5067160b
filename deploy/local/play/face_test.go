package play_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/shared/detect"
)

// The commands that `make run` prints are run by a shell against the whole stack: the case is dismissed by way of the API,
// the state account, the queue and triage, and the history tells by whom.
func TestThePrintedCommandsReadTheRiskAndDismissIt(t *testing.T) {
	th := open(t, play.Config{Days: 3, Scale: 0.1}, func(c *stack.Config) { c.Respond["REKEY_MODE"] = "plan" })
	if _, err := th.play.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := th.tenant.Victim.ObjectID
	commands := th.stack.APICommands(id)
	before := shell(t, commands...)
	for _, want := range []string{`"riskState":"atRisk"`, `"value":[{`, `"riskEventType":`} {
		if !strings.Contains(before, want) {
			t.Errorf("%s is not in\n%s", want, before)
		}
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
			t.Fatalf("the verdict is not carried out: %v", err)
		}
	}
	after := shell(t, commands[0], commands[2], commands[4])
	for _, want := range []string{`"riskState":"dismissed"`, `"riskLevel":"none"`, "adminDismissedAllRiskForServicePrincipal", "user 4e4b4559-0000-4000-8000-000000000015 through"} {
		if !strings.Contains(after, want) {
			t.Errorf("%s is not in\n%s", want, after)
		}
	}
}

func shell(t *testing.T, commands ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(commands, "\necho\n")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}
