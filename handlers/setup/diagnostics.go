package setup

import (
	"context"
	"maps"
	"slices"
	"strings"

	"rekey/shared/azure/arm"
	"rekey/shared/fault"
)

// diagnostics plans Entra's diagnostic settings: one a hub, for a setting writes to one hub.
func (s *Setup) diagnostics(ctx context.Context, p *Plan) error {
	if s.RuleID == "" || len(s.Hubs) == 0 {
		p.note(Diagnostics, "no hubs were named: give --outputs FILE (tofu output -json)")
		return nil
	}
	have, err := s.ARM.EntraDiagnostics(ctx)
	if err != nil {
		return err
	}
	made := 0
	for _, hub := range slices.Sorted(maps.Keys(s.Hubs)) {
		setting, isNew, err := s.setting(have, hub)
		if err != nil {
			return err
		}
		if setting == nil {
			continue
		}
		what, why := "send "+strings.Join(setting.Categories, ", ")+" to hub "+hub, "the functions read them there"
		if isNew {
			made++
		} else {
			why = "the setting is there and lacks categories; the rest of it stays"
		}
		p.call(Call{
			Part: Diagnostics, Method: "PUT", Path: "/providers/microsoft.aadiam/diagnosticSettings/" + setting.Name, What: what, Why: why,
			do:     func(ctx context.Context) error { return s.ARM.PutEntraDiagnostics(ctx, *setting) },
			advice: "another setting sends one of these categories to the same namespace, or the tenant has its five settings; `az rest --url \"https://management.azure.com/providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01\"` lists them",
		})
	}
	if total := len(have) + made; total > arm.MaxEntraSettings {
		return blocked{fault.Errorf(fault.Limit, "planning Entra's diagnostic settings: the tenant has %d (%s) and %d more are needed, %d are allowed: remove one that nobody reads, or send everything to one hub in one setting with --one-hub signins",
			len(have), strings.Join(namesOf(have), ", "), made, arm.MaxEntraSettings)}
	}
	return nil
}

func namesOf(list []arm.EntraSetting) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return out
}

// setting returns what has to be written for a hub, or nil. A category counts as sent wherever it goes to the right hub.
func (s *Setup) setting(have []arm.EntraSetting, hub string) (*arm.EntraSetting, bool, error) {
	name := s.Prefix + "-" + hub
	left := slices.Clone(s.Hubs[hub])
	var mine *arm.EntraSetting
	for i, e := range have {
		same := strings.EqualFold(e.HubRule, s.RuleID)
		if same && strings.EqualFold(e.Hub, hub) {
			left = slices.DeleteFunc(left, func(c string) bool { return contains(e.Categories, c) })
		} else if same {
			if c := slices.IndexFunc(left, func(c string) bool { return contains(e.Categories, c) }); c >= 0 {
				return nil, false, blocked{fault.Errorf(fault.Denied, "planning Entra's diagnostic settings: %s sends %s to hub %s of the same namespace, and a category goes to a namespace once: remove it from that setting, which stays as it is otherwise", e.Name, left[c], e.Hub)}
			}
		}
		if strings.EqualFold(e.Name, name) {
			mine = &have[i]
		}
	}
	switch {
	case len(left) == 0:
		return nil, false, nil
	case mine == nil:
		return &arm.EntraSetting{Name: name, HubRule: s.RuleID, Hub: hub, Categories: left}, true, nil
	case mine.HubRule != "" && (!strings.EqualFold(mine.HubRule, s.RuleID) || !strings.EqualFold(mine.Hub, hub)):
		return nil, false, blocked{fault.Errorf(fault.Denied, "planning Entra's diagnostic settings: there is a setting %s that writes to hub %s by %s: it is somebody else's and is not overwritten; choose other names with --prefix", mine.Name, mine.Hub, mine.HubRule)}
	}
	out := *mine
	out.HubRule, out.Hub, out.Categories = s.RuleID, hub, append(slices.Clone(mine.Categories), left...)
	return &out, false, nil
}

func contains(list []string, s string) bool {
	return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, s) })
}
