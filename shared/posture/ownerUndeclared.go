package posture

import (
	"fmt"
	"slices"
	"strings"
)

// ownerUndeclared looks at who may add a credential to a powerful application, and so become it.
var ownerUndeclared = &Rule{
	ID: "ownerUndeclared", Title: "Owner of a powerful application who is a guest or no declared deployer",
	Covers: []string{"O02"}, Techniques: []string{"T1098", "T1078.004"},
	Sees: "owners of applications and service principals with permissions, scopes or roles of tier 0 or 1; whoever is not a declared deployer, " +
		"and guests in any case. Without declared deployers only guests are told",
	Levels:         "low",
	FalsePositives: []string{"Its developers own it: then declare them as deployers, or have a deployment pipeline own it."},
	Ask:            []string{"Does this owner have to be able to do all that the application may do?", "Is his account protected like an administrator's?"},
	Find: func(in *Input) []Finding {
		if !powerful(in.tier) {
			return nil
		}
		var names []string
		for _, o := range in.Facts.owners() {
			declared := slices.Contains(in.World.Deployers, strings.ToLower(o.ID)) || o.AppID != "" && slices.Contains(in.World.Deployers, strings.ToLower(o.AppID))
			if o.guest() || len(in.World.Deployers) > 0 && !declared {
				names = append(names, o.name())
			}
		}
		if len(names) == 0 {
			return nil
		}
		slices.Sort(names)
		return []Finding{{low, "owners", fmt.Sprintf("%s holds %s and is owned by %s", in.titled(), some(in.high), some(slices.Compact(names)))}}
	},
}

func (f *Facts) owners() []Owner {
	var out []Owner
	if f.Application != nil {
		out = append(out, f.Application.Owners...)
	}
	for i := range f.Principals {
		out = append(out, f.Principals[i].Owners...)
	}
	return out
}
