package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"rekey/handlers/rotations"
	"rekey/shared/rotate"
	"rekey/shared/store/memory"
)

func TestAPersonSeesARotationAndApprovesATierByItsHash(t *testing.T) {
	plans := &memory.Blobs{}
	c := changer{rotations.People{Store: rotations.Store{Table: &memory.Table{}}, Ledger: &memory.Blobs{}, Rotate: &memory.Bell{}, Now: func() time.Time { return now }}, plans}
	claim, err := c.Claim(t.Context(), rotate.Head{Version: rotate.Version, ID: "rot-c1"})
	if err != nil {
		t.Fatal(err)
	}
	plan := rotate.Plan{Case: "c1", Name: "billing"}
	plan.Tiers[0] = rotate.Tier{Number: 1, Hash: "feed", Cap: 10, Targets: []rotate.Target{{Key: "random:v/s", Tier: 1, Kind: rotate.Random, Copies: []rotate.Copy{{Vault: "v", Secret: "s"}}}}}
	plan.Tiers[1], plan.Tiers[2] = rotate.Tier{Number: 2, Cap: 10}, rotate.Tier{Number: 3, Cap: 10}
	j := rotate.Open(plan, rotate.Opening{Cut: now}, now)
	j.Taken = []rotate.Taken{{Key: "sp-pay", Name: "payments", AppID: "app-pay", Secret: "kv/pay"}}
	if _, err := c.Plan(t.Context(), claim, j); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"rot-c1.txt": "the plan\n", "rot-c1.json": "{plan}", "rot-c1-reach.txt": "the reach\n", "rot-c1-reach.json": "{reach}"} {
		if err := plans.Write(t.Context(), name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	run := func(ctx context.Context, args []string, out *bytes.Buffer) error { return c.run(ctx, args, out) }
	for words, want := range map[string]string{
		"list":                                         "rot-c1",
		"show rot-c1":                                  "rekey rotation approve rot-c1 --tier 1 --hash feed",
		"show rot-c1 --format plan":                    "the plan",
		"show rot-c1 --format json":                    `"case": "c1"`,
		"show rot-c1 ":                                 `credential of "payments" (sp-pay) in kv/pay`,
		"show rot-c1 --format plan-json":               "{plan}",
		"show rot-c1 --format reach":                   "the reach",
		"show rot-c1 --format reach-json":              "{reach}",
		"approve rot-c1 --tier 1 --hash feed --by ann": "written down",
		"decline rot-c1 --tier 2 --by ben --why late":  "written down",
	} {
		if out, err := say(t, run, words); err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %s (%v)", words, out, err)
		}
	}
	if out, err := say(t, run, "approve rot-c1 --tier 1 --hash dead --by ann"); err == nil {
		t.Errorf("approved by a wrong hash: %s", out)
	}
	for _, words := range []string{"", "show", "list all", "show rot-c1 --format yaml", "burn rot-c1", "decline rot-c1 --hash feed"} {
		if out, err := say(t, run, words); !errors.Is(err, ErrUsage) {
			t.Errorf("%q: %q (%v)", words, out, err)
		}
	}
}
