package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rekey/shared/audit"
	"rekey/shared/event"
	"rekey/shared/score"
	"rekey/shared/weburi"
)

// nameLikeMicrosoft looks at applications that call themselves like one of Microsoft's: people consent to such a name, and
// administrators overlook it in a list.
var nameLikeMicrosoft = &Rule{
	ID: "nameLikeMicrosoft", Title: "Application named like one of Microsoft's that is not",
	RiskType: TypeSuspicious, Techniques: []string{"T1036.005", "T1528"},
	Event: "AuditLogs: \"Add application\", \"Add service principal\", \"Update application\", \"Update service principal\", the name of the target or DisplayName, and additionalDetails AppOwnerOrganizationId, which is not Microsoft's; a service principal whose owner the record does not name is only told of for letters that imitate others",
	Shape: Documented, Levels: "high for letters that imitate others; medium for a known name, or one letter off; low for an own application named after a service that people use, and for a foreign one whose name only begins like Microsoft's",
	FalsePositives: []string{"Developers call a test after the service that it tests.", "A partner's connector names the product that it connects to."},
	Ask:            []string{"Who owns the application, and is its publisher verified (Graph)?", "Who consented to it, and to what?"},
	Match: func(e *event.Event, w *World) []Finding {
		name, ok := newName(e)
		if !ok {
			return nil
		}
		owner := foreignOwner(e, w)
		if slices.Contains(microsoftTenants, owner) {
			return nil
		}
		of, level := likeMicrosoft(name, owner != "")
		if level != high && owner == "" && !audit.Is(e.Audit, "Add application", "Update application") {
			return nil // perhaps Microsoft's own: its principals appear by themselves
		}
		if level == none {
			return nil
		}
		return one(subject(e, w, 0), level, of, "the application %q is named like Microsoft's %q and is not Microsoft's%s", name, of, letters(name))
	},
}

// newName returns the name that an application or principal was given by a change. The property has a list of one.
func newName(e *event.Event) (string, bool) {
	if !updated(e) {
		return "", false
	}
	p, ok := audit.Property(e.Audit, "DisplayName")
	if names := audit.URIs(p.New); ok && len(names) == 1 && !slices.Equal(names, audit.URIs(p.Old)) {
		return names[0], true
	}
	return audit.Target(e.Audit, 0).Name, isNew(e)
}

// likeMicrosoft says which of Microsoft's names another one resembles, and how bad that is.
func likeMicrosoft(name string, foreign bool) (string, score.Level) {
	plain := strings.Join(strings.Fields(invisible.Replace(strings.ToLower(name))), " ")
	for _, known := range microsoftNames {
		switch bare := weburi.Skeleton(known); {
		case weburi.Skeleton(plain) == bare && !ascii(name):
			return known, high
		case weburi.Skeleton(plain) != bare && (len(bare) < 10 || weburi.Distance(weburi.Skeleton(plain), bare) != 1):
		case foreign || branded(known):
			return known, medium
		default:
			return known, low
		}
	}
	for _, begin := range []string{"microsoft ", "office 365 ", "azure ad "} {
		if strings.HasPrefix(weburi.Skeleton(plain), weburi.Skeleton(begin)) {
			switch {
			case !ascii(name) && !strings.HasPrefix(plain, begin):
				return begin + "...", high
			case foreign:
				return begin + "...", low
			}
		}
	}
	return "", none
}

// branded reports whether a name is one that nobody gives to something of his own. An application called Azure DevOps is
// most often what somebody uses for Azure DevOps.
func branded(known string) bool {
	_, acts := platform[known]
	_, serves := services[known]
	return acts || serves || strings.HasPrefix(known, "microsoft") || strings.HasPrefix(known, "office 365 ") || strings.HasPrefix(known, "windows ")
}

// invisible removes letters without a width; a space that does not break is one.
var invisible = strings.NewReplacer("\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u00ad", "", "\u00a0", " ")

// letters names what is not of the Latin alphabet: such a letter looks like one, and no reader sees it.
func letters(name string) string {
	var out []string
	for _, r := range name {
		if s := fmt.Sprintf("%q (%U)", r, r); r > 127 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; not what they seem: " + strings.Join(out[:min(len(out), 4)], ", ")
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

// microsoftNames are the ones that people meet when they consent or sign in, and those of the services that the rules leave
// out as actors: nobody else may borrow one unseen.
var microsoftNames = slices.Concat([]string{
	"microsoft graph", "microsoft graph powershell", "microsoft graph command line tools", "microsoft teams", "microsoft office",
	"microsoft outlook", "microsoft authenticator", "microsoft authentication broker", "microsoft azure cli", "microsoft azure powershell", "microsoft intune",
	"microsoft planner", "microsoft power bi", "microsoft to-do", "microsoft edge", "microsoft stream", "microsoft sharepoint", "microsoft onedrive",
	"microsoft account controls v2", "microsoft 365", "microsoft 365 admin", "office 365 management apis", "windows azure active directory", "azure portal",
	"azure devops", "azure key vault", "azure storage", "azure resource manager", "graph explorer", "onedrive sync engine", "sharepoint online",
	"exchange online", "exchange online powershell", "outlook web", "skype for business online", "dynamics crm online",
}, slices.Sorted(maps.Keys(platform)), slices.Sorted(maps.Keys(services)))
