// Package cloud puts the local directory, Graph, Resource Manager, Key Vault and the token endpoints on listeners: the part of Azure that
// Rekey's respond app acts on, on one machine.
package cloud

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/ca"
	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
	"rekey/deploy/local/graph"
	"rekey/deploy/local/keyvault"
)

// Config says what the cloud is like.
type Config struct {
	Dir        string // what survives a restart; the CA's certificate is written here, too
	TenantID   string
	Identities []entra.Identity
	Portal     *entra.Portal      // an API's registration; nil: there is none
	Lag        time.Duration      // of Graph's replicas
	Graph      graph.Options      // what else Graph is like: faults, pace, licence; its Lag is the one above
	RightsLag  time.Duration      // until changed rights reach the vaults
	Options    arm.Options        // of Resource Manager; Dir and Lag are set here
	VaultLog   func([]byte)       // is given each AuditEvent record of the vaults of OpenVault; may be nil
	OnSignIn   func(entra.SignIn) // told of every token request; may be nil
}

// Cloud is running.
type Cloud struct {
	Directory    *directory.Directory
	Graph        *graph.Server
	Vault        *keyvault.Server // in which Rekey makes certificates; it goes by the roles in tokens
	ARM          *arm.Server
	GraphURL     string
	ARMURL       string
	VaultURL     string
	AuthorityURL string
	CAFile       string

	config         Config
	tokens         *entra.Server
	authority      *ca.CA
	identityURL    string
	identityHeader string
	servers        []*http.Server
	serving        sync.WaitGroup
	mu             sync.Mutex
	failed         []error
}

// Start starts everything on free ports of this machine.
func Start(_ context.Context, c Config) (*Cloud, error) {
	authority, err := ca.New(c.Dir)
	if err != nil {
		return nil, err
	}
	d, err := directory.New(c.TenantID, filepath.Join(c.Dir, "directory"))
	if err != nil {
		return nil, err
	}
	var header [16]byte
	if _, err := rand.Read(header[:]); err != nil {
		return nil, fmt.Errorf("starting the local cloud: %w", err)
	}
	out := &Cloud{config: c, authority: authority, Directory: d, CAFile: authority.Path(), identityHeader: hex.EncodeToString(header[:])}
	tokens, err := entra.New(d, out.identityHeader, c.Identities...)
	if err != nil {
		return nil, err
	}
	tokens.OnSignIn, tokens.Portal = c.OnSignIn, c.Portal
	out.tokens = tokens
	if out.AuthorityURL, err = out.listen(authority, tokens.Authority()); err != nil {
		return nil, err
	}
	if out.Vault, err = keyvault.New(tokens, out.AuthorityURL+"/"+c.TenantID, filepath.Join(c.Dir, "vault")); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	c.Options.Dir, c.Options.Lag = filepath.Join(c.Dir, "arm"), c.RightsLag
	if out.ARM, err = arm.New(tokens, c.Options); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	c.Graph.Lag = c.Lag
	out.Graph = graph.New(tokens, d, c.Graph)
	for url, handler := range map[*string]http.Handler{&out.GraphURL: out.Graph, &out.ARMURL: out.ARM, &out.VaultURL: out.Vault} {
		if *url, err = out.listen(authority, handler); err != nil {
			return nil, errors.Join(err, out.Close())
		}
	}
	out.identityURL, err = out.listen(nil, http.HandlerFunc(tokens.ManagedIdentity))
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// OpenVault opens a key vault that Resource Manager knows, or will know from now on, on an address of its own. Who may do
// what in it is what Resource Manager says.
func (c *Cloud) OpenVault(id string, rbac bool, policies ...arm.Policy) (*keyvault.Server, string, error) {
	name := id[strings.LastIndexByte(id, '/')+1:]
	v, err := keyvault.Open(c.tokens, c.AuthorityURL+"/"+c.config.TenantID, filepath.Join(c.config.Dir, "vaults", name), keyvault.Options{
		Name: name, ResourceID: id, Rights: c.ARM.Decide, Log: c.config.VaultLog,
	})
	if err != nil {
		return nil, "", err
	}
	url, err := c.listen(c.authority, v)
	if err != nil {
		return nil, "", err
	}
	return v, url, c.ARM.Build(func(w arm.World) {
		if !w.Move(id, url+"/") {
			w.Vault(id, url+"/", rbac, policies...)
		}
	})
}

// listen serves a handler, over TLS unless there is no authority, and returns its URL.
func (c *Cloud) listen(authority *ca.CA, h http.Handler) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("starting the local cloud: %w", err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	scheme, serve := "http", s.Serve
	if authority != nil {
		if s.TLSConfig, err = authority.ServerConfig(); err != nil {
			return "", err
		}
		scheme, serve = "https", func(ln net.Listener) error { return s.ServeTLS(ln, "", "") }
	}
	c.servers = append(c.servers, s)
	c.serving.Go(func() {
		if err := serve(ln); !errors.Is(err, http.ErrServerClosed) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.failed = append(c.failed, err)
		}
	})
	return fmt.Sprintf("%s://localhost:%d", scheme, ln.Addr().(*net.TCPAddr).Port), nil
}

// Env is what a process on this cloud finds in its environment, as on App Service.
func (c *Cloud) Env() map[string]string {
	return map[string]string{"IDENTITY_ENDPOINT": c.identityURL, "IDENTITY_HEADER": c.identityHeader, "SSL_CERT_FILE": c.CAFile}
}

// ServerConfig is for a server that this cloud's processes trust, beside those of the cloud.
func (c *Cloud) ServerConfig() (*tls.Config, error) { return c.authority.ServerConfig() }

// Client returns an HTTP client that trusts this cloud and nobody else.
func (c *Cloud) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.authority.Pool(), MinVersion: tls.VersionTLS12}}}
}

// Close stops everything.
func (c *Cloud) Close() error {
	var errs []error
	for _, s := range c.servers {
		errs = append(errs, s.Close())
	}
	c.serving.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(append(errs, c.failed...)...)
}
