package entra

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Portal is an API's registration with those who use it: applications for themselves, and people through applications.
// Their tokens are version 2.0's. Passwords are given over as in the resource owner flow, which Microsoft advises against:
// here nobody sits at a browser.
type Portal struct {
	ClientID string // of the API
	URI      string // its App ID URI
	Clients  []Client
	People   []Person
}

// Client is an application that uses the API.
type Client struct {
	ID       string
	ObjectID string
	Secret   string
	Roles    []string // app roles that it was granted
	Scopes   []string // what people may let it do
}

// Person is somebody who uses the API.
type Person struct {
	Name     string
	ObjectID string
	Password string
	Wids     []string // directory roles, by template id
	Roles    []string // app roles of the API
}

// serves reports whether a scope asks for a token for the API. A nil Portal serves nothing.
func (p *Portal) serves(scope string) bool {
	return p != nil && slices.ContainsFunc(strings.Fields(scope), func(s string) bool {
		return strings.HasPrefix(s, p.URI+"/") || strings.HasPrefix(s, p.ClientID+"/")
	})
}

// portal answers a request for a token for the API.
func (s *Server) portal(w http.ResponseWriter, r *http.Request) {
	p := s.Portal
	i := slices.IndexFunc(p.Clients, func(c Client) bool {
		return c.ID == r.FormValue("client_id") && c.Secret == r.FormValue("client_secret")
	})
	if i < 0 {
		refuse(w, refusal{7000215, "invalid_client", "Invalid client or client secret provided."})
		return
	}
	claims := s.claims(r, p.Clients[i])
	switch r.FormValue("grant_type") {
	case "client_credentials":
	case "password":
		j := slices.IndexFunc(p.People, func(h Person) bool {
			return h.Name == r.FormValue("username") && h.Password == r.FormValue("password")
		})
		if j < 0 {
			refuse(w, refusal{50126, "invalid_grant", "Error validating credentials due to invalid username or password."})
			return
		}
		p.People[j].fill(claims, p.Clients[i])
	default:
		refuse(w, refusal{70003, "unsupported_grant_type", "The app requested an unsupported grant type."})
		return
	}
	token, err := s.Sign(claims)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()) - 1, "access_token": token})
}

// claims are those of the client's own token.
func (s *Server) claims(r *http.Request, c Client) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{
		"iss": "https://" + r.Host + "/" + s.Directory.TenantID + "/v2.0", "aud": s.Portal.ClientID, "ver": "2.0", "tid": s.Directory.TenantID,
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(tokenLife).Unix(),
		"azp": c.ID, "azpacr": "1", "oid": c.ObjectID, "sub": c.ObjectID, "idtyp": "app", "roles": c.Roles,
	}
}

// fill makes them a person's.
func (h Person) fill(claims jwt.MapClaims, c Client) {
	claims["oid"], claims["sub"], claims["preferred_username"] = h.ObjectID, "pairwise-"+h.ObjectID, h.Name
	claims["scp"], claims["wids"], claims["roles"] = strings.Join(c.Scopes, " "), append([]string{memberMarker}, h.Wids...), h.Roles
	delete(claims, "idtyp")
}

// memberMarker is in nearly every member's wids. It grants nothing.
const memberMarker = "b79fbf4d-3ef9-4689-8143-76b194e85509"
