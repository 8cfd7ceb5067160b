package vault

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
)

// Secrets works on the secrets of one vault. Values are of a type that does not print.
type Secrets struct {
	client *azsecrets.Client
	url    string
	retry  policy.RetryOptions
}

// Permissions are the data actions that each method of Secrets needs at the vault, and nothing more. Where a vault goes by
// access policies, these are the permissions get, list and set.
var Permissions = map[string]string{
	"Get": "Microsoft.KeyVault/vaults/secrets/getSecret/action", "List": "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
	"Versions": "Microsoft.KeyVault/vaults/secrets/readMetadata/action", "Set": "Microsoft.KeyVault/vaults/secrets/setSecret/action",
	"Disable": "Microsoft.KeyVault/vaults/secrets/update/action", "Enable": "Microsoft.KeyVault/vaults/secrets/update/action",
	"Tag": "Microsoft.KeyVault/vaults/secrets/update/action", "Deleted": "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
}

// suffixes are the domains of key vaults, by cloud.
var suffixes = []string{".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net"}

// OpenSecrets makes a client for a vault's URL. Without AnyHost the URL must be one of a key vault: it comes from Azure's
// inventory, and the SDK panics on challenges of hosts that are none.
func OpenSecrets(vaultURL string, cred azcore.TokenCredential, o Options) (*Secrets, error) {
	u, err := url.Parse(vaultURL)
	if err != nil || u.Scheme != "https" || !o.AnyHost && !isVault(u.Hostname()) {
		return nil, fault.Errorf(fault.Denied, "opening the secrets of a vault: %q is no address of a key vault", vaultURL)
	}
	client, err := azsecrets.NewClient(vaultURL, cred, &azsecrets.ClientOptions{ClientOptions: traced.Options(traced.Vault, o.ClientOptions), DisableChallengeResourceVerification: o.AnyHost})
	return &Secrets{client, vaultURL, o.Retry}, redact.Error("opening key vault "+vaultURL, err)
}

func isVault(host string) bool {
	for _, s := range suffixes {
		if name, ok := strings.CutSuffix(strings.ToLower(host), s); ok && name != "" && !strings.Contains(name, ".") {
			return true
		}
	}
	return false
}

// Secret is one version of a secret. Value is there if it was read by Get or written by Set. The zero time is none.
type Secret struct {
	Name        string
	Version     string
	Value       redact.Value
	ContentType string
	Tags        map[string]string
	Enabled     bool
	Managed     bool // the private key of a certificate: only a new certificate changes it
	NotBefore   time.Time
	Expires     time.Time
	Created     time.Time // whole seconds: two versions may have the same
	Updated     time.Time
}

// Get reads a version with its value; version "" is the newest. Expired ones are read, too.
func (s *Secrets) Get(ctx context.Context, name, version string) (Secret, error) {
	r, err := s.client.GetSecret(ctx, name, version, nil)
	if err != nil {
		return Secret{}, refuse("reading secret "+name, err)
	}
	out := read(r.ID, r.Attributes, r.ContentType, r.Tags, r.Managed)
	out.Value = redact.Hide(text(r.Value))
	return out, nil
}

// List lists the secrets, of each the newest version, without values and versions.
func (s *Secrets) List(ctx context.Context) ([]Secret, error) {
	var out []Secret
	for p := s.client.NewListSecretPropertiesPager(nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, refuse("listing the secrets of "+s.url, err)
		}
		for _, i := range page.Value {
			out = append(out, read(i.ID, i.Attributes, i.ContentType, i.Tags, i.Managed))
		}
	}
	return out, nil
}

// Versions lists all versions of a secret without values, in no order that means anything: Get with version "" tells which
// one is newest.
func (s *Secrets) Versions(ctx context.Context, name string) ([]Secret, error) {
	var out []Secret
	for p := s.client.NewListSecretPropertiesVersionsPager(name, nil); p.More(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, refuse("listing the versions of "+name, err)
		}
		for _, i := range page.Value {
			out = append(out, read(i.ID, i.Attributes, i.ContentType, i.Tags, i.Managed))
		}
	}
	return out, nil
}

// Set stores a value as a new version and returns it. What a version carries is not inherited by the next: like is the version
// that it is taken from (content type and tags), tags are added to it, and it ends at expires, if that is not zero: see
// Secret.Lives.
//
// It is not repeated by itself, because each time makes a version. After an error that does not say whether it
// happened, Versions shows the tags: a caller that tags with its operation's id finds its own.
func (s *Secrets) Set(ctx context.Context, name string, v redact.Value, like Secret, tags map[string]string, expires time.Time) (Secret, error) {
	in := azsecrets.SetSecretParameters{Value: to.Ptr(v.Reveal()), Tags: map[string]*string{}, SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(true)}}
	if like.ContentType != "" {
		in.ContentType = &like.ContentType
	}
	for k, t := range like.Tags {
		in.Tags[k] = &t
	}
	for k, t := range tags {
		in.Tags[k] = &t
	}
	if !expires.IsZero() {
		in.SecretAttributes.Expires = &expires
	}
	r, err := s.client.SetSecret(once(ctx, s.retry), name, in, nil)
	if err != nil {
		return Secret{}, refuse("storing secret "+name, err)
	}
	out := read(r.ID, r.Attributes, r.ContentType, r.Tags, r.Managed)
	out.Value = v
	return out, nil
}

// Renewed is when a version made now expires that is to live as long as this one: as long as from its creation, or its
// begin of validity, to its expiry. A version that never expires has the zero time.
func (s Secret) Renewed(now time.Time) time.Time {
	if s.Expires.IsZero() {
		return time.Time{}
	}
	begin := s.Created
	if s.NotBefore.After(begin) {
		begin = s.NotBefore
	}
	if life := s.Expires.Sub(begin); life > 0 {
		return now.Add(life).UTC()
	}
	return time.Time{} // it was set to have expired; nobody gives that to a new value
}

// Lives is when a version made now ends that takes this one's place: after some days, or with 0 as Renewed says.
func (s Secret) Lives(days int, now time.Time) time.Time {
	if days > 0 {
		return now.AddDate(0, 0, days).UTC()
	}
	return s.Renewed(now)
}

// Disable makes a version unreadable. Repeating it changes nothing.
func (s *Secrets) Disable(ctx context.Context, name, version string) error {
	return s.update(ctx, "disabling version "+version+" of "+name, name, version, azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(false)},
	})
}

// Enable makes a version readable again: the way back from Disable.
func (s *Secrets) Enable(ctx context.Context, name, version string) error {
	return s.update(ctx, "enabling version "+version+" of "+name, name, version, azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: to.Ptr(true)},
	})
}

// Tag replaces the tags of a version.
func (s *Secrets) Tag(ctx context.Context, name, version string, tags map[string]string) error {
	in := azsecrets.UpdateSecretPropertiesParameters{Tags: map[string]*string{}}
	for k, t := range tags {
		in.Tags[k] = &t
	}
	return s.update(ctx, "tagging version "+version+" of "+name, name, version, in)
}

func (s *Secrets) update(ctx context.Context, doing, name, version string, in azsecrets.UpdateSecretPropertiesParameters) error {
	if version == "" {
		return fault.Errorf(fault.Denied, "%s: the version must be named, or the newest one is changed", doing)
	}
	_, err := s.client.UpdateSecretProperties(ctx, name, version, in, nil)
	return refuse(doing, err)
}

// Deleted reports whether a secret is soft-deleted, where reading it says only that it is not there.
func (s *Secrets) Deleted(ctx context.Context, name string) (bool, error) {
	_, err := s.client.GetDeletedSecret(ctx, name, nil)
	if err == nil {
		return true, nil
	}
	err = refuse("looking for secret "+name+" among the deleted ones", err)
	if fault.Kind(err) == fault.NotFound { //nolint:errorlint // Kind returns one of the kinds itself
		return false, nil
	}
	return false, err
}

func read(id *azsecrets.ID, a *azsecrets.SecretAttributes, contentType *string, tags map[string]*string, managed *bool) Secret {
	out := Secret{ContentType: text(contentType), Tags: map[string]string{}, Managed: managed != nil && *managed}
	if id != nil {
		out.Name, out.Version = id.Name(), id.Version()
	}
	for k, t := range tags {
		out.Tags[k] = text(t)
	}
	if a != nil {
		out.Enabled = a.Enabled == nil || *a.Enabled
		out.NotBefore, out.Expires, out.Created, out.Updated = moment(a.NotBefore), moment(a.Expires), moment(a.Created), moment(a.Updated)
	}
	return out
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
