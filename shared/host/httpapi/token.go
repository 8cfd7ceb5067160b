package httpapi

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Versions of Entra's access tokens. Which one comes is decided by the API's own registration (requestedAccessTokenVersion).
const (
	Version1 = "1.0"
	Version2 = "2.0"
)

// v1Issuer is the issuer of version 1.0 tokens, in the global and the US Government cloud.
const v1Issuer = "https://sts.windows.net"

// TokenConfig says whose tokens are taken.
type TokenConfig struct {
	Tenant    string   // its id, in lower case
	Audiences []string // the API's client id and its App ID URI
	Authority string   // like https://login.microsoftonline.com
	Versions  []string // Version1, Version2; default Version2
	Platform  bool     // the platform authenticates (WEBSITE_AUTH_ENABLED): its headers may be believed
	Client    *http.Client
	Now       func() time.Time
}

// Verifier proves who calls.
type Verifier struct {
	TokenConfig
	parser    *jwt.Parser
	validator *jwt.Validator // the parser's, for tokens whose signature is known to hold
	issuers   map[string]issuer
	proved    proved
}

type issuer struct {
	version string
	keys    *keys
}

const (
	leeway   = 2 * time.Minute // of the clocks
	maxToken = 16 << 10
)

// NewVerifier makes a verifier. Keys are read when the first token comes.
func NewVerifier(c TokenConfig) *Verifier {
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if len(c.Versions) == 0 {
		c.Versions = []string{Version2}
	}
	base := c.Authority + "/" + c.Tenant
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(c.Audiences...), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(c.Now),
	}
	v := &Verifier{TokenConfig: c, issuers: map[string]issuer{}, parser: jwt.NewParser(options...), validator: jwt.NewValidator(options...)}
	add := func(version, name, metadata string) {
		v.issuers[name] = issuer{version, &keys{metadata: metadata, issuer: name, tenant: c.Tenant, client: c.Client, now: c.Now}}
	}
	for _, version := range c.Versions {
		if version == Version1 {
			add(version, v1Issuer+"/"+c.Tenant+"/", base+"/.well-known/openid-configuration")
		} else {
			add(version, base+"/v2.0", base+"/v2.0/.well-known/openid-configuration")
		}
	}
	return v
}

// Caller is who calls. He is known by tenant and object id; names are for reading only and are not kept.
type Caller struct {
	ObjectID  string
	Client    string // application id of the client
	App       bool   // an application acts for itself; else a user acts through the client
	Scopes    []string
	Roles     []string // app roles
	Directory []string // directory roles, by template id
}

// String names the caller for ledgers and histories.
func (c Caller) String() string {
	if c.App {
		return "application " + c.Client + " (" + c.ObjectID + ")"
	}
	return "user " + c.ObjectID + " through " + c.Client
}

// claims are what is read of a token.
type claims struct {
	jwt.RegisteredClaims
	Version  string   `json:"ver"`
	Tenant   string   `json:"tid"`
	ObjectID string   `json:"oid"`
	ClientV2 string   `json:"azp"`
	ClientV1 string   `json:"appid"`
	Kind     string   `json:"idtyp"`
	Scopes   string   `json:"scp"`
	Roles    []string `json:"roles"`
	Wids     []string `json:"wids"`
}

// Caller proves who sent a request. An error of kind fault.Transient says that this cannot be known at the moment, every
// other why the request is refused; it names nothing of the token but what it is compared with.
func (v *Verifier) Caller(r *http.Request) (Caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		if principal := r.Header.Get("X-MS-CLIENT-PRINCIPAL"); v.Platform && principal != "" {
			return v.platform(principal)
		}
		return Caller{}, errors.New("there is no access token: send Authorization: Bearer and a token for " + cmp.Or(append(v.Audiences, "")...))
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return Caller{}, errors.New("the Authorization header is not Bearer and an access token")
	}
	return v.token(r.Context(), token)
}

func (v *Verifier) token(ctx context.Context, token string) (Caller, error) {
	sum := sha256.Sum256([]byte(token))
	if c, ok := v.recall(ctx, sum); ok {
		return v.accept(c)
	}
	var p proof
	_, err := v.parser.ParseWithClaims(token, &p.claims, func(t *jwt.Token) (_ any, err error) {
		p.id, _ = t.Header["kid"].(string)
		p.key, err = v.key(ctx, t, &p.claims, p.id)
		return p.key, err
	})
	if err != nil {
		return Caller{}, reason(err)
	}
	v.remember(sum, p)
	return v.accept(&p.claims)
}

// key finds the key, by its id, that must have signed a token. Nothing it reads is proved yet.
func (v *Verifier) key(ctx context.Context, t *jwt.Token, c *claims, id string) (*rsa.PublicKey, error) {
	from, ok := v.issuers[c.Issuer]
	if !ok {
		return nil, fmt.Errorf("%w: the token is of another issuer than %s", errRefused, strings.Join(v.names(), " or "))
	}
	if _, critical := t.Header["crit"]; critical {
		return nil, fmt.Errorf("%w: the token has a critical extension that is not known here", errRefused)
	}
	return from.keys.find(ctx, id)
}

func (v *Verifier) names() []string {
	var out []string
	for name := range v.issuers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// errRefused marks refusals whose text may be told.
var errRefused = errors.New("refused")

// reason words a refusal without repeating anything of the token.
func reason(err error) error {
	for _, r := range []struct {
		kind error
		text string
	}{
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks its expiry or audience"},
		{jwt.ErrTokenMalformed, "the token is not a JWT"},
	} {
		if errors.Is(err, r.kind) {
			return errors.New(r.text)
		}
	}
	switch {
	case errors.Is(err, errUnknownKey):
		return errUnknownKey
	case errors.Is(err, errRefused):
		_, text, _ := strings.Cut(err.Error(), errRefused.Error()+": ")
		return errors.New(text)
	case isTransient(err):
		return err
	}
	return errors.New("the token's signature is not valid")
}

// accept checks what the signature does not say.
func (v *Verifier) accept(c *claims) (Caller, error) {
	client := cmp.Or(c.ClientV2, c.ClientV1)
	switch {
	case c.Tenant != v.Tenant:
		return Caller{}, errors.New("the token is of another tenant")
	case c.Version != v.issuers[c.Issuer].version:
		return Caller{}, errors.New("the token's version is not its issuer's")
	case c.ObjectID == "" || client == "":
		return Caller{}, errors.New("the token is no access token: it does not say who uses which client")
	}
	out := Caller{ObjectID: c.ObjectID, Client: client, Roles: c.Roles}
	if c.Scopes != "" {
		if c.Kind == "app" {
			return Caller{}, errors.New("the token is an application's, and has a user's scopes")
		}
		out.Scopes, out.Directory = strings.Fields(c.Scopes), c.Wids
		return out, nil
	}
	// Only an application's token has itself as its subject: an id token of a user has no scope, either.
	if out.App = c.Subject == c.ObjectID; !out.App {
		return Caller{}, errors.New("the token is no access token: it has no scope, and is not an application's")
	}
	return out, nil
}
