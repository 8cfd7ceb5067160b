package remedy_test

import (
	"slices"
	"strings"
	"testing"

	"rekey/shared/casefile"
	"rekey/shared/remedy"
	"rekey/shared/trail"
)

func TestWhoeverUsesAnAddedCredentialIsHandedNothing(t *testing.T) {
	in := incident()
	planted := in.Facts.Consumers.Items[0]
	planted.Suspect, planted.Name = true, "nobody we know"
	in.Facts.Consumers.Items = append(slices.Clone(in.Facts.Consumers.Items), planted)
	p := remedy.Build(in)
	if len(p.HandOver) != 1 || p.HandOver[0].Consumer == planted.Name {
		t.Errorf("handed over to %+v", p.HandOver)
	}
	for _, want := range []string{"is handed nothing: it was added in the window", "(added in the window: the intruder, unless somebody here made it)"} {
		if !strings.Contains(p.Text(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, p.Text())
		}
	}
}

func TestTheCommandFindsAVaultOfWhichOnlyTheNameIsKnown(t *testing.T) {
	in := incident()
	in.Options.Vault.ID = ""
	c := remedy.Build(in).HandOver[0].Commands[0]
	if want := `--scope "$(az keyvault show --name 'rekey-kv' --query id --output tsv)"'/keys/rekey-c1'`; !strings.HasSuffix(c, want) {
		t.Errorf("%s, want the end %s", c, want)
	}
}

func TestSettingsThatNobodyCanBringBackAreSaid(t *testing.T) {
	in := incident()
	in.Case.Prepared = append(in.Case.Prepared,
		trail.Entry{Act: trail.Configured, What: "sign-out URL", Record: "r1"}, trail.Entry{Act: trail.Configured, What: "sign-out URL", Record: "r2"},
		trail.Entry{Act: trail.Configured, What: trail.RedirectURI + "https://a"})
	var said []string
	for _, r := range remedy.Build(in).Refused {
		if strings.HasPrefix(r.What, "restoring ") {
			said = append(said, r.What+"; "+r.Why)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "restoring sign-out URL") || !strings.Contains(said[0], "(r1)") {
		t.Errorf("%q", said)
	}
}

func TestWhoeverChangedTheApplicationIsNotNamedAsItsOwner(t *testing.T) {
	in := incident()
	in.Facts.Consumers.Items[0].Owner = ""
	owner := remedy.Build(in).HandOver[0].Owner
	for _, o := range in.Inventory.Application.Owners.Items {
		in.Case.Linked = append(in.Case.Linked, casefile.Link{Key: "user:" + o.ID, Why: casefile.ChangedThis})
	}
	if got := remedy.Build(in).HandOver[0].Owner; owner == "unknown" || got != "unknown" {
		t.Errorf("%q before, %q when all owners changed it", owner, got)
	}
}
