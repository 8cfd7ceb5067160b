package entra

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
)

// registered finds the application of this tenant that a scope like api://<client id>/.default names, by a URI or its id.
func (s *Server) registered(scope string) (directory.Object, bool) {
	resource := strings.TrimSuffix(strings.TrimSpace(scope), "/.default")
	for _, o := range s.Directory.View(time.Time{}).List(directory.Applications) {
		if o.AppID == resource || slices.Contains(o.IdentifierURIs, resource) {
			return o, true
		}
	}
	return directory.Object{}, false
}

// forRegistered issues an application's token for an API that is registered in the directory, of the version that the
// registration asks for: with the app roles that were given on the API's service principal, as long as they are enabled.
func (s *Server) forRegistered(r *http.Request, api directory.Object, appID, objectID string) (string, error) {
	principals := s.Directory.ByAppID(directory.ServicePrincipals, api.AppID)
	if len(principals) == 0 || !principals[0].AccountEnabled {
		return "", refusal{500011, "invalid_resource", "The resource principal named " + api.AppID + " was not found in the tenant."}
	}
	client, _ := s.Directory.Get(directory.ServicePrincipals, objectID)
	var roles []string
	for _, a := range client.AppRoles {
		for _, role := range principals[0].DefinedAppRoles {
			if a.ResourceID == principals[0].ID && a.AppRoleID == role.ID && role.Enabled() {
				roles = append(roles, role.Value)
			}
		}
	}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": "https://sts.windows.net/" + s.Directory.TenantID + "/", "aud": strings.TrimSuffix(strings.TrimSpace(r.FormValue("scope")), "/.default"), "ver": "1.0", "tid": s.Directory.TenantID,
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(tokenLife).Unix(),
		"appid": appID, "appidacr": "1", "oid": objectID, "sub": objectID, "idtyp": "app", "roles": roles,
	}
	if v := api.API.RequestedAccessTokenVersion; v != nil && *v == 2 {
		delete(claims, "appid")
		delete(claims, "appidacr")
		claims["iss"], claims["aud"], claims["ver"] = "https://"+r.Host+"/"+s.Directory.TenantID+"/v2.0", api.AppID, "2.0"
		claims["azp"], claims["azpacr"] = appID, "1"
	}
	return s.Sign(claims)
}
