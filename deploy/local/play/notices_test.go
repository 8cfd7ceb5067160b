package play_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/shared/notice"
)

// The hub that programs outside read is stopped before the attack and started again when the eviction is over. The eviction does
// not notice, and afterwards the hub holds every detection and every state.
func TestAHubOfNoticesThatIsDownDelaysNoEvictionAndGetsEverythingLater(t *testing.T) {
	th := open(t, play.Config{Days: 10, Scale: .1}, func(*stack.Config) {})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	if _, err := th.play.Learn(ctx); err != nil {
		t.Fatal(err)
	}
	if err := th.stack.StopNotices(); err != nil {
		t.Fatal(err)
	}
	th.play.Ended = func() { // the locks are changed, and rotations begun
		if err := th.stack.StartNotices(ctx); err != nil {
			t.Error(err)
		}
	}
	result, err := th.play.Attack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !result.OK() || result.SecondsToEviction > 30 {
		t.Fatalf("the end is %s", result.Line())
	}
	got, err := th.stack.Notices(ctx)
	if err != nil {
		t.Fatal(err)
	}
	read(t, th, got)
}

// read checks notices as a program outside would: by what it was told, without Rekey's state.
func read(t *testing.T, th *theatre, got []stack.Received) {
	t.Helper()
	states, raised := map[string][]string{}, 0
	partition := map[string]int{}
	seen := map[string]bool{}
	for _, n := range got {
		if n.ContentType != notice.ContentType || n.SpecVersion != "1.0" || n.Source != notice.Source(th.tenant.ID) {
			t.Errorf("a message is %s: %s", n.ContentType, n.Body)
		}
		if p, ok := partition[n.Notice.PartitionKey]; ok && p != n.Partition || n.PartitionKey != n.Notice.PartitionKey {
			t.Errorf("what concerns %s is on partitions %d and %d", n.PartitionKey, p, n.Partition)
		}
		partition[n.PartitionKey] = n.Partition
		if seen[n.ID] {
			continue
		}
		seen[n.ID] = true
		var d struct{ ServicePrincipalID, State, RiskLevel string }
		if err := json.Unmarshal(n.Data, &d); err != nil {
			t.Fatal(err)
		}
		if d.ServicePrincipalID != th.tenant.Victim.ObjectID {
			continue
		}
		switch n.Type {
		case notice.DetectionRaised:
			if d.RiskLevel == "high" {
				raised++
			}
		case notice.OperationMoved, notice.RotationMoved:
			states[n.Type] = append(states[n.Type], d.State)
		}
	}
	for kind, want := range map[string][]string{
		notice.OperationMoved: {"awaitingApproval", "running", "watching"}, notice.RotationMoved: {"running"},
	} {
		for _, s := range want {
			if !slices.Contains(states[kind], s) {
				t.Errorf("%s: told %v, want all of %v", kind, states[kind], want)
			}
		}
		if kind == notice.OperationMoved && states[kind][len(states[kind])-1] != "watching" {
			t.Errorf("the last state that was told is not the last: %v", states[kind])
		}
	}
	if raised == 0 {
		t.Error("no detection of the attack was told")
	}
	t.Logf("%d messages, %d notices; of the victim %d detections at level high, and %v", len(got), len(seen), raised, states)
}
