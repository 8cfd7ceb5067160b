package tenant

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Entra's thumbprints are SHA-1
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"time"
)

// Every credential is valid for ten years: an estate in which nobody ever rotated anything, the usual victim.
var (
	validFrom  = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2035, 6, 1, 0, 0, 0, 0, time.UTC)
)

// password makes the client secret that the parts name.
func (t *Tenant) password(displayName string, parts ...any) PasswordCredential {
	r := t.source(append(parts, "password", displayName)...)
	secret := base64.RawURLEncoding.EncodeToString(random(r, 30))
	return PasswordCredential{
		KeyID: guid(r), DisplayName: displayName, Hint: secret[:3], SecretText: secret,
		StartDateTime: validFrom, EndDateTime: validUntil,
	}
}

// certificate makes the certificate credential that the parts name.
func (t *Tenant) certificate(commonName string, parts ...any) KeyCredential {
	r := t.source(append(parts, "certificate", commonName)...)
	der := inventCertificate(r, commonName)
	sum := sha1.Sum(der) //nolint:gosec // a name, not a protection
	return KeyCredential{
		KeyID: guid(r), Type: "AsymmetricX509Cert", Usage: "Verify", DisplayName: "CN=" + commonName,
		CustomKeyIdentifier: sum[:], Key: der, StartDateTime: validFrom, EndDateTime: validUntil,
	}
}

// thumbprint is written like in sign-in records.
func thumbprint(k KeyCredential) string {
	return strings.ToUpper(hex.EncodeToString(k.CustomKeyIdentifier))
}

// inventCertificate makes a certificate for an RSA key that nobody has: its modulus is just a random odd number. The
// directory and the records only need the public half, and generating real keys could not be repeated from a seed.
func inventCertificate(r *rand.Rand, commonName string) []byte {
	modulus := random(r, 256)
	modulus[0] |= 0x80
	modulus[255] |= 1
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(random(r, 15)), Subject: pkix.Name{CommonName: commonName},
		NotBefore: validFrom, NotAfter: validUntil, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	signer := ed25519.NewKeyFromSeed(random(r, ed25519.SeedSize))
	der, err := x509.CreateCertificate(nil, template, template, public, signer)
	if err != nil {
		panic(fmt.Sprintf("tenant: inventing certificate of %s: %v", commonName, err))
	}
	return der
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
