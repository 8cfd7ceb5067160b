// Package vault makes certificates in Azure Key Vault whose keys never leave it, and signs with them.
package vault

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azcertificates"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"rekey/shared/azure/redact"
	"rekey/shared/azure/traced"
	"rekey/shared/fault"
)

// Client works on one vault.
type Client struct {
	certificates *azcertificates.Client
	keys         *azkeys.Client
	url          string
	retry        policy.RetryOptions
}

// Options are how the vault is reached.
type Options struct {
	azcore.ClientOptions
	AnyHost bool // the challenge's resource need not match the vault's host: private clouds, the local stack
}

// New makes a client for a vault's URL.
func New(url string, cred azcore.TokenCredential, o Options) (*Client, error) {
	o.ClientOptions = traced.Options(traced.Vault, o.ClientOptions)
	certificates, errC := azcertificates.NewClient(url, cred, &azcertificates.ClientOptions{ClientOptions: o.ClientOptions, DisableChallengeResourceVerification: o.AnyHost})
	keys, errK := azkeys.NewClient(url, cred, &azkeys.ClientOptions{ClientOptions: o.ClientOptions, DisableChallengeResourceVerification: o.AnyHost})
	return &Client{certificates, keys, url, o.Retry}, redact.Error("opening key vault "+url, errors.Join(errC, errK))
}

// Certificate is a certificate in a vault.
type Certificate struct {
	Name    string
	DER     []byte
	Start   time.Time
	End     time.Time
	Version string
}

// Wish is what a new certificate is to be like.
type Wish struct {
	Valid      time.Duration // 0 is 90 days: an incident's certificate is meant to be replaced soon
	Exportable bool          // its key can leave the vault: the workload loads it
}

// A vault counts a certificate's life in months, of which one is the least. Who needs less says so where the certificate is
// registered.
const (
	validMonths = 3
	month       = 30 * 24 * time.Hour
)

func (w Wish) months() int32 {
	if w.Valid <= 0 {
		return validMonths
	}
	return int32(max(1, (w.Valid+month-1)/month))
}

// Make makes a self-signed certificate. One of that name that exists is returned: repeating the call changes nothing.
func (c *Client) Make(ctx context.Context, name, subject string, w Wish) (Certificate, error) {
	if cert, err := c.Get(ctx, name); !errors.Is(err, fault.NotFound) {
		return cert, err
	}
	_, err := c.certificates.CreateCertificate(ctx, name, azcertificates.CreateCertificateParameters{
		CertificatePolicy: &azcertificates.CertificatePolicy{
			IssuerParameters: &azcertificates.IssuerParameters{Name: to.Ptr("Self")},
			KeyProperties: &azcertificates.KeyProperties{
				Exportable: to.Ptr(w.Exportable), KeyType: to.Ptr(azcertificates.KeyTypeRSA), KeySize: to.Ptr(int32(2048)), ReuseKey: to.Ptr(false),
			},
			SecretProperties: &azcertificates.SecretProperties{ContentType: to.Ptr("application/x-pem-file")},
			X509CertificateProperties: &azcertificates.X509CertificateProperties{
				Subject: to.Ptr("CN=" + subject), ValidityInMonths: to.Ptr(w.months()), KeyUsage: []*azcertificates.KeyUsageType{to.Ptr(azcertificates.KeyUsageTypeDigitalSignature)},
			},
		},
		Tags: map[string]*string{"rekey": to.Ptr("eviction")},
	}, nil)
	if err != nil {
		return Certificate{}, redact.Error("making certificate "+name, err)
	}
	return c.await(ctx, name)
}

// Renew makes a new version of a certificate by its own policy, with a new key even if the policy would keep the old one. The
// tags are added to it; a version that has them already is returned: repeating the call changes nothing, and while the new one
// is still being made it is fault.Conflict. A certificate that an authority outside of Azure has to sign is fault.Denied.
func (c *Client) Renew(ctx context.Context, name string, tags map[string]string) (Certificate, error) {
	doing := "renewing certificate " + name
	old, err := c.certificates.GetCertificate(ctx, name, "", nil)
	if err != nil {
		return Certificate{}, refuse(doing, err)
	}
	if len(tags) == 0 {
		return Certificate{}, fault.Errorf(fault.Denied, "%s: without a tag, repeating it would make one version after another", doing)
	}
	if carries(old.Tags, tags) {
		return c.Get(ctx, name)
	}
	p, err := c.certificates.GetCertificatePolicy(ctx, name, nil)
	if err != nil {
		return Certificate{}, refuse(doing, err)
	}
	if p.IssuerParameters == nil || p.IssuerParameters.Name == nil || *p.IssuerParameters.Name == "Unknown" || p.KeyProperties == nil {
		return Certificate{}, fault.Errorf(fault.Denied, "%s: its issuer is outside of Azure: have a new one signed and merge it", doing)
	}
	p.CertificatePolicy.KeyProperties.ReuseKey = to.Ptr(false)
	in := azcertificates.CreateCertificateParameters{CertificatePolicy: &p.CertificatePolicy, Tags: map[string]*string{}}
	for k, t := range old.Tags {
		in.Tags[k] = t
	}
	for k, t := range tags {
		in.Tags[k] = &t
	}
	if _, err := c.certificates.CreateCertificate(once(ctx, c.retry), name, in, nil); err != nil {
		return Certificate{}, refuse(doing, err)
	}
	return c.awaitTags(ctx, name, tags)
}

// once is for calls that make a version each time: the pipeline repeats them only when the vault said that it did nothing.
func once(ctx context.Context, retry policy.RetryOptions) context.Context {
	retry.ShouldRetry = func(r *http.Response, err error) bool {
		return err == nil && r != nil && r.StatusCode == http.StatusTooManyRequests
	}
	return policy.WithRetryOptions(ctx, retry)
}

func carries(have map[string]*string, want map[string]string) bool {
	for k, v := range want {
		if have[k] == nil || *have[k] != v {
			return false
		}
	}
	return true
}

// awaitTags reads the certificate until the version with the tags is in use.
func (c *Client) awaitTags(ctx context.Context, name string, tags map[string]string) (Certificate, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := c.certificates.GetCertificate(ctx, name, "", nil)
		if err != nil {
			return Certificate{}, refuse("waiting for certificate "+name, err)
		}
		if carries(r.Tags, tags) && len(r.CER) > 0 {
			return c.Get(ctx, name)
		}
		select {
		case <-ctx.Done():
			return Certificate{}, redact.Error("waiting for certificate "+name, ctx.Err())
		case <-tick.C:
		}
	}
}

// await reads the certificate until it is made: the vault makes it in the background.
func (c *Client) await(ctx context.Context, name string) (Certificate, error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		cert, err := c.Get(ctx, name)
		if !errors.Is(err, fault.NotFound) {
			return cert, err
		}
		select {
		case <-ctx.Done():
			return cert, redact.Error("waiting for certificate "+name, ctx.Err())
		case <-tick.C:
		}
	}
}

// Get returns a certificate, or an error of kind fault.NotFound when there is none or it is still being made.
func (c *Client) Get(ctx context.Context, name string) (Certificate, error) {
	doing := "reading certificate " + name
	r, err := c.certificates.GetCertificate(ctx, name, "", nil)
	if err != nil {
		return Certificate{}, refuse(doing, err)
	}
	if len(r.CER) == 0 {
		return Certificate{}, fault.Errorf(fault.NotFound, "%s: it is still being made", doing)
	}
	cert, err := x509.ParseCertificate(r.CER)
	if err != nil {
		return Certificate{}, fault.Errorf(fault.Denied, "%s: the vault's answer is no certificate", doing)
	}
	return Certificate{Name: name, DER: r.CER, Start: cert.NotBefore.UTC(), End: cert.NotAfter.UTC(), Version: r.ID.Version()}, nil
}

// Find returns the certificate of the vault that has one of the thumbprints (SHA-1, upper-case hex), in use and not disabled, or an error
// of kind fault.NotFound.
func (c *Client) Find(ctx context.Context, thumbprints []string) (Certificate, error) {
	const doing = "looking for certificates in the vault"
	for pager := c.certificates.NewListCertificatePropertiesPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return Certificate{}, refuse(doing, err)
		}
		for _, p := range page.Value {
			off := p.Attributes != nil && p.Attributes.Enabled != nil && !*p.Attributes.Enabled
			if p.ID != nil && !off && slices.Contains(thumbprints, strings.ToUpper(hex.EncodeToString(p.X509Thumbprint))) {
				return c.Get(ctx, p.ID.Name())
			}
		}
	}
	return Certificate{}, fault.Errorf(fault.NotFound, "%s: it has none of %d", doing, len(thumbprints))
}

// CertificatePermissions are the data actions that a rotation's methods of Client need at a vault, and nothing more. Where a
// vault goes by access policies, these are the certificate permissions get, create and update.
var CertificatePermissions = map[string][]string{
	"Get":     {"Microsoft.KeyVault/vaults/certificates/read"},
	"Renew":   {"Microsoft.KeyVault/vaults/certificates/create/action", "Microsoft.KeyVault/vaults/certificates/read"},
	"Disable": {"Microsoft.KeyVault/vaults/certificates/update/action"},
}

// Disable disables a version of a certificate: its private key is not handed out as a secret any more, and its key does
// not sign. The vault refuses that on the secret itself, which has its certificate's attributes. Repeating it changes nothing.
func (c *Client) Disable(ctx context.Context, name, version string) error {
	doing := "disabling version " + version + " of certificate " + name
	if version == "" {
		return fault.Errorf(fault.Denied, "%s: the version must be named, or the newest one is changed", doing)
	}
	_, err := c.certificates.UpdateCertificate(ctx, name, version, azcertificates.UpdateCertificateParameters{
		CertificateAttributes: &azcertificates.CertificateAttributes{Enabled: to.Ptr(false)},
	}, nil)
	return refuse(doing, err)
}

// SignPS256 signs a SHA-256 digest with a certificate's key, inside the vault.
func (c *Client) SignPS256(ctx context.Context, name string, digest []byte) ([]byte, error) {
	return c.sign(ctx, name, "", azkeys.SignatureAlgorithmPS256, digest)
}

// SignRS256 signs a SHA-256 digest with the key of one version of a certificate, inside the vault.
func (c *Client) SignRS256(ctx context.Context, name, version string, digest []byte) ([]byte, error) {
	return c.sign(ctx, name, version, azkeys.SignatureAlgorithmRS256, digest)
}

func (c *Client) sign(ctx context.Context, name, version string, algorithm azkeys.SignatureAlgorithm, digest []byte) ([]byte, error) {
	r, err := c.keys.Sign(ctx, name, version, azkeys.SignParameters{Algorithm: &algorithm, Value: digest}, nil)
	if err != nil {
		return nil, redact.Error("signing with the key of "+name, err)
	}
	return r.Result, nil
}
