package play_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/handlers/operations"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// An incident has twenty principals, and Graph answers nothing: every place that the host has for evictions is taken.
func TestAStopOverHTTPIsHeardWhileEveryPlaceForEvictionsIsTaken(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	began := make(chan struct{}, 1000)
	go func() {
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			go func() {
				<-t.Context().Done()
				_ = c.Close()
			}()
			began <- struct{}{}
		}
	}()
	th := open(t, play.Config{Days: 1}, func(c *stack.Config) {
		c.Respond["REKEY_GRAPH_URL"], c.Respond["REKEY_HTTP_APPROVALS"] = "https://"+silent.Addr().String(), "true"
	})
	evict := th.stack.State.Bell(store.QueueEvict)
	for i := range 20 {
		id := fmt.Sprintf("op-%d", i)
		op := remedy.Operation{
			Version: 3, ID: id, Case: fmt.Sprint(i), Principal: event.Principal{ObjectID: "sp"}, State: remedy.StateRunning, Verdict: decide.Verdict{Mode: decide.ModeEvict},
			Plan:     remedy.Plan{Steps: []remedy.Step{{ID: "1", Kind: remedy.StepDisable, Object: "sp"}, {ID: "2", Kind: remedy.StepEnable, Object: "sp"}}},
			Progress: []remedy.Progress{{Step: "1", Status: remedy.Done}, {Step: "2", Status: remedy.Pending}}, Opened: time.Now(), Updated: time.Now(),
		}
		if err := th.stack.State.Operations().Put(t.Context(), &operations.Stored{Operation: op}); err != nil {
			t.Fatal(err)
		}
		if err := evict.Ring(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	const places = 4 // batchSize of host.json
	for range places {
		select {
		case <-began:
		case <-time.After(30 * time.Second):
			t.Fatal("the evictions did not begin")
		}
	}
	start := time.Now()
	status, said := th.ask(t, stack.Administrator, http.MethodPost, th.stack.FaceURL+"/api/remediations/stop", `{"reason":"it goes wrong"}`)
	if status != http.StatusAccepted {
		t.Fatalf("%d %v", status, said)
	}
	for {
		status, said = th.ask(t, stack.Administrator, http.MethodGet, fmt.Sprintf("%s/api/remediations/orders/%s", th.stack.FaceURL, said["id"]), "")
		if status == http.StatusOK {
			break
		}
		if time.Since(start) > 5*time.Second {
			t.Fatalf("it is not heard after %s: %d %v", time.Since(start), status, said)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("heard within %s", time.Since(start).Round(time.Millisecond))
	if detail, _ := said["statusDetail"].(string); said["status"] != "succeeded" || !strings.Contains(detail, "STOPPED") || strings.Count(detail, "running: op-") != 20 {
		t.Errorf("%v", said)
	}
}
