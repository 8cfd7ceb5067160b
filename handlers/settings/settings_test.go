package settings_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rekey/handlers/settings"
	"rekey/shared/decide"
	"rekey/shared/host/config"
)

// example sets the environment as local.settings.json.example has it.
func example(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "local.settings.json.example"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Values map[string]string }
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	for k, v := range f.Values {
		t.Setenv(k, v)
	}
	return f.Values
}

func TestTheShippedExampleIsValidForEveryApp(t *testing.T) {
	example(t)
	for _, app := range settings.Apps() {
		for _, spec := range app.Specs {
			if err := config.Load(spec); err != nil {
				t.Errorf("%s: %v", app.Name, err)
			}
		}
	}
}

func TestTheShippedExampleSetsEverySettingThatFunctionsName(t *testing.T) {
	values := example(t)
	files, err := filepath.Glob(filepath.Join("..", "..", "functions", "*", "function.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	named := regexp.MustCompile(`%([A-Z_]+)%|"connection": "([A-Z_]+)"`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			if name := m[1] + m[2]; values[name] == "" {
				t.Errorf("%s needs %s, which the example does not set", f, name)
			}
		}
	}
}

func TestWithoutASettingNothingIsChanged(t *testing.T) {
	example(t)
	t.Setenv("REKEY_MODE", "")
	var r settings.Respond
	if err := config.Load(&r); err != nil {
		t.Fatal(err)
	}
	if m := r.Policy().ModeFor("anybody"); m != decide.ModePlan {
		t.Errorf("the default mode is %s", m)
	}
}

func TestModesAndNeverTouchAreReadByPrincipal(t *testing.T) {
	example(t)
	t.Setenv("REKEY_MODES", "SP1=evict, sp2=contain")
	t.Setenv("REKEY_NEVER_TOUCH", "SP3, sp4")
	t.Setenv("REKEY_CLIENT_ID", "11111111-2222-3333-4444-555555555555")
	var r settings.Respond
	if err := config.Load(&r); err != nil {
		t.Fatal(err)
	}
	p := r.Policy()
	if p.ModeFor("sp1") != decide.ModeEvict || p.ModeFor("sp2") != decide.ModeContain || p.ModeFor("sp9") != decide.ModePlan {
		t.Errorf("modes %v", p.Modes)
	}
	for _, id := range []string{"sp3", "sp4", "11111111-2222-3333-4444-555555555555"} {
		if p.NeverTouch[id] == "" {
			t.Errorf("%s may be touched: %v", id, p.NeverTouch)
		}
	}
}

func TestAWrongModeIsNamed(t *testing.T) {
	for name, value := range map[string]string{"REKEY_MODE": "destroy", "REKEY_MODES": "sp1=destroy"} {
		t.Run(name, func(t *testing.T) {
			example(t)
			t.Setenv(name, value)
			if err := config.Load(&settings.Respond{}); err == nil || !strings.Contains(err.Error(), "destroy") || !strings.Contains(err.Error(), "plan, approve, contain or evict") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatTheTenantDeclaresIsComparedInLowerCase(t *testing.T) {
	example(t)
	t.Setenv("REKEY_DEPLOYERS", " AAAA-1 ,bbbb-2,")
	t.Setenv("REKEY_ISSUERS", "https://OIDC.contoso.com/")
	t.Setenv("REKEY_RESPOND_ID", "CCCC-3")
	t.Setenv("REKEY_OWN_SCOPES", "/subscriptions/S/resourceGroups/Rekey/, /subscriptions/s/resourcegroups/hub")
	var d settings.Detect
	if err := config.Load(&d); err != nil {
		t.Fatal(err)
	}
	w := d.Declared("TENANT")
	if strings.Join(w.Deployers, " ") != "aaaa-1 bbbb-2" || w.Issuers[0] != "oidc.contoso.com" || w.Self.AppID != "cccc-3" || w.Tenant != "tenant" || len(w.Domains) != 2 || strings.Join(w.Own, " ") != "/subscriptions/s/resourcegroups/rekey /subscriptions/s/resourcegroups/hub" {
		t.Errorf("%+v", w)
	}
	if z := (settings.World{}).Declared("t"); z.Self.Key() != "" || z.Domains != nil {
		t.Errorf("nothing declared is %+v", z)
	}
}

func TestAnOwnScopeThatIsNoneIsNamed(t *testing.T) {
	for _, scope := range []string{"rekey", "/", "/subscriptions/", "https://portal.azure.com/subscriptions/s/resourceGroups/rekey"} {
		t.Run(scope, func(t *testing.T) {
			example(t)
			t.Setenv("REKEY_OWN_SCOPES", scope)
			if err := config.Load(&settings.Detect{}); err == nil || !strings.Contains(err.Error(), "REKEY_OWN_SCOPES") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheFaceTakesTokensOfItsOwnAudienceOnly(t *testing.T) {
	example(t)
	var f settings.Face
	if err := config.Load(&f); err != nil {
		t.Fatal(err)
	}
	c := f.Tokens(time.Now)
	if c.Platform || c.Authority != "https://login.microsoftonline.com" || strings.Join(c.Versions, " ") != "2.0" || len(c.Audiences) != 2 || c.Tenant == "" {
		t.Errorf("%+v", c)
	}
	for name, tt := range map[string]struct{ setting, value, want string }{
		"no audience":                    {"REKEY_API_AUDIENCE", "", "REKEY_API_AUDIENCE is not set"},
		"Graph's":                        {"REKEY_API_AUDIENCE", "00000003-0000-0000-c000-000000000000", "the API's own"},
		"an empty one":                   {"REKEY_API_AUDIENCE", "api://rekey,", "the API's own"},
		"a version that is none":         {"REKEY_API_TOKEN_VERSIONS", "3.0", "1.0, 2.0 or both"},
		"an authority without TLS":       {"REKEY_AUTHORITY_URL", "http://login.example", "REKEY_AUTHORITY_URL"},
		"no tenant":                      {"REKEY_TENANT_ID", "", "REKEY_TENANT_ID is not set"},
		"authentication that is neither": {"WEBSITE_AUTH_ENABLED", "perhaps", "WEBSITE_AUTH_ENABLED"},
	} {
		t.Run(name, func(t *testing.T) {
			example(t)
			t.Setenv(tt.setting, tt.value)
			if err := config.Load(&settings.Face{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestPagingIsAllOrNothingAndItsSecretsStayQuiet(t *testing.T) {
	good := map[string]string{
		"REKEY_PAGE_URL": "https://hooks.contoso.com/x?sig=s3cret", "REKEY_PAGE_KEY": "0123456789abcdef", "REKEY_PAGE_HOSTS": "hooks.contoso.com, second.contoso.com",
		"REKEY_PAGE_SECOND_URL": "https://second.contoso.com/y?sig=s3cret",
	}
	tests := map[string]struct {
		set  map[string]string
		want string // "" is no error
	}{
		"everything is set":           {nil, ""},
		"there is no second line":     {map[string]string{"REKEY_PAGE_SECOND_URL": ""}, ""},
		"nobody is called":            {map[string]string{"REKEY_PAGE_URL": "", "REKEY_PAGE_SECOND_URL": ""}, ""},
		"only the second line is set": {map[string]string{"REKEY_PAGE_URL": ""}, "REKEY_PAGE_SECOND_URL is set and REKEY_PAGE_URL is not"},
		"there is no key":             {map[string]string{"REKEY_PAGE_KEY": ""}, "REKEY_PAGE_KEY"},
		"the host is not on the list": {map[string]string{"REKEY_PAGE_HOSTS": "second.contoso.com"}, "host hooks.contoso.com is not on the list"},
		"the second host is not":      {map[string]string{"REKEY_PAGE_HOSTS": "hooks.contoso.com"}, "REKEY_PAGE_SECOND_URL is not usable"},
		"it is not https":             {map[string]string{"REKEY_PAGE_URL": "http://hooks.contoso.com/s3cret"}, "not https"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			example(t)
			for _, set := range []map[string]string{good, tt.set} {
				for k, v := range set {
					t.Setenv(k, v)
				}
			}
			err := config.Load(&settings.Respond{})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
