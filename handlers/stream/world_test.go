package stream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"rekey/handlers/findings"
	"rekey/handlers/health"
	"rekey/handlers/stream"
	"rekey/shared/fault"
	"rekey/shared/rule"
	"rekey/shared/score"
	"rekey/shared/store/memory"
	"rekey/shared/streams"
)

func TestADeployerInACaseVouchesNoMoreWithinAMinute(t *testing.T) {
	var suspects []string
	clock := now
	w := newWorld(func(c *stream.Config) {
		c.World = &rule.World{Deployers: []string{"u1"}}
		c.Suspects = func(context.Context, time.Time) ([]string, error) { return suspects, nil }
		c.Now = func() time.Time { return clock }
	})
	level := func(id, key string) score.Level {
		t.Helper()
		if err := w.send(t, secretAdded(id, key, "u1")); err != nil {
			t.Fatal(err)
		}
		found, err := findings.Store{Table: w.detections, Index: w.index}.Of(t.Context(), "app:app1")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range found {
			if d.KeyIDs[0] == key {
				return d.Level
			}
		}
		return score.LevelNone
	}
	if got := level("Directory_1", "11111111-aaaa"); got != score.LevelNone {
		t.Errorf("what a deployer does as his work is %s", got)
	}
	suspects = []string{"u1"}
	if got := level("Directory_2", "22222222-aaaa"); got != score.LevelNone {
		t.Errorf("the list is read again for every batch: %s", got)
	}
	clock = now.Add(time.Minute)
	if got := level("Directory_3", "33333333-aaaa"); got != score.LevelMedium {
		t.Errorf("what a suspect does is %s, want one step more than low", got)
	}
}

func TestWhatCannotBeReadAgainStaysAsItWasAndWhatWasNeverReadHoldsTheBatch(t *testing.T) {
	var down error
	tries, clock := 0, now
	w := newWorld(func(c *stream.Config) {
		c.World = &rule.World{Deployers: []string{"u1"}}
		c.Suspects = func(context.Context, time.Time) ([]string, error) { tries++; return []string{"u1"}, down }
		c.Now = func() time.Time { return clock }
	})
	down = fault.Errorf(fault.Transient, "the table is down")
	if err := w.send(t, secretAdded("Directory_1", "11111111-aaaa", "u1")); !errors.Is(err, fault.Transient) {
		t.Fatalf("nothing was ever read: %v", err)
	}
	down = nil
	if err := w.send(t, secretAdded("Directory_1", "11111111-aaaa", "u1")); err != nil {
		t.Fatal(err)
	}
	down, clock, tries = fault.Errorf(fault.Transient, "the table is down"), now.Add(time.Hour), 0
	for range 3 {
		if err := w.send(t, secretAdded("Directory_2", "22222222-aaaa", "u1")); err != nil {
			t.Fatal(err)
		}
	}
	if found := w.found(t, "app:app1"); len(found) != 2 || tries != 1 {
		t.Errorf("%d detections, %d tries; want both of the suspect's and one try a minute", len(found), tries)
	}
}

func TestAnObjectIsKnownByItsApplication(t *testing.T) {
	w := newWorld(func(c *stream.Config) {
		c.World = &rule.World{Objects: map[string]string{"obj9": "app9"}}
		c.Objects = func(context.Context) (map[string]string, error) {
			return map[string]string{"obj1": "app7", "obj9": "other"}, nil
		}
	})
	record := secretAdded("Directory_1", "11111111-aaaa", "u1")
	if err := w.send(t, nameless(record)); err != nil {
		t.Fatal(err)
	}
	if found := w.found(t, "app:app7"); len(found) != 1 {
		t.Errorf("%+v", found)
	}
}

func TestWhichLogsArriveIsRememberedAndHoldsNoBatchBack(t *testing.T) {
	table := &memory.Table{}
	w := newWorld(func(c *stream.Config) { c.Health = &health.Store{Table: table} })
	if err := w.send(t, signIn("a", now.Add(-time.Minute), "192.0.2.1", "a", 1)); err != nil {
		t.Fatal(err)
	}
	m, err := (&health.Store{Table: table}).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st := m.Health(now).Of(streams.SignIns); !st.Since.Equal(now.Add(-time.Minute)) {
		t.Errorf("%+v", st)
	}
	broken := &failing{Table: &memory.Table{}}
	broken.left.Store(1 << 30)
	w = newWorld(func(c *stream.Config) { c.Health = &health.Store{Table: broken} })
	if err := w.send(t, signIn("a", now, "192.0.2.1", "a", 1)); err != nil {
		t.Errorf("a batch waits for what is no fact of its own: %v", err)
	}
}
