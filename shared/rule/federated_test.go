package rule_test

import (
	"fmt"
	"testing"

	"rekey/shared/event"
	"rekey/shared/rule"
	"rekey/shared/score"
)

func TestAnIssuerThatIsNoneOfTheDeclaredOnesIsMoreThanLow(t *testing.T) {
	const own, other = "4bbb0000-0000-4000-8000-000000000001", "99990000-0000-4000-8000-000000000009"
	declares := &rule.World{Tenant: own, Issuers: []string{"gitlab.com"}}
	tests := map[string]struct {
		issuer string
		world  *rule.World
		want   score.Level
	}{
		"a usual one, and nobody declares any": {"https://gitlab.com", nil, score.LevelLow},
		"a declared one":                       {"https://gitlab.com/", declares, score.LevelLow},
		"a usual one beside the declared ones": {"https://app.terraform.io", declares, score.LevelMedium},
		"GitHub, where the repository counts":  {"https://token.actions.githubusercontent.com", declares, score.LevelLow},
		"the tenant itself":                    {"https://login.microsoftonline.com/" + own + "/v2.0", declares, score.LevelLow},
		"another tenant":                       {"https://login.microsoftonline.com/" + other + "/v2.0", declares, score.LevelHigh},
		"another tenant, by its old name":      {"https://sts.windows.net/" + other + "/", &rule.World{Tenant: own}, score.LevelHigh},
		"a tenant, and ours is not known":      {"https://sts.windows.net/" + other + "/", nil, score.LevelLow},
		"somebody's own":                       {"https://idp.example", declares, score.LevelHigh},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list := event.Property{Name: "FederatedIdentityCredentials", Old: "[]", New: fmt.Sprintf(`[{"Name":"ci","Issuer":%q,"Subject":"x","Id":"f1"}]`, tt.issuer)}
			if got := levels(change("Update application", event.Actor{UserID: "u1"}, billing, list), tt.world)["federatedAdded"]; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
