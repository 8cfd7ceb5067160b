package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// HostFile is what a host process is told: the host command of the local program reads it.
type HostFile struct {
	Root     string            `json:"root"`
	HTTPAddr string            `json:"httpAddr"`
	Keys     map[string]string `json:"keys"`
	Settings map[string]string `json:"settings"`
	Output   string            `json:"output"` // file that the handler's lines are appended to
}

// host is one app's Functions host, a child process.
type host struct {
	program, file string
	http          string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

func secret() (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// startHosts writes each app's settings and starts its host.
func (s *Stack) startHosts(ctx context.Context) (err error) {
	if s.Key, err = secret(); err != nil {
		return err
	}
	for _, app := range Apps {
		h, err := s.prepare(app)
		if err != nil {
			return fmt.Errorf("preparing the host of %s: %w", app, err)
		}
		s.hosts[app] = h
		if err := h.start(ctx); err != nil {
			return fmt.Errorf("starting the host of %s: %w", app, err)
		}
	}
	s.FaceURL = "http://" + s.hosts["face"].http
	return nil
}

func (s *Stack) prepare(app string) (*host, error) {
	port := 0
	if app == "face" {
		port = s.config.HTTPPort
	}
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil { // the host takes it in a moment, and keeps it over restarts
		return nil, err
	}
	settings, err := s.settings(app)
	if err != nil {
		return nil, err
	}
	file := HostFile{
		Root: filepath.Join(s.config.Dist, app), HTTPAddr: addr, Keys: map[string]string{"default": s.Key},
		Settings: settings, Output: s.LogFile(app),
	}
	b, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.config.Dir, app+".host.json")
	return &host{program: s.config.Program, file: path, http: addr}, os.WriteFile(path, b, 0o600)
}

// LogFile is where an app's process writes its log.
func (s *Stack) LogFile(app string) string { return filepath.Join(s.config.Dir, app+".log") }

// settings are an app's settings: what the deployment would set, with local endpoints.
func (s *Stack) settings(app string) (map[string]string, error) {
	storage := s.Azurite.ConnectionString()
	set := map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom", "AzureWebJobsStorage": storage,
		"REKEY_TENANT_ID": s.config.TenantID, "REKEY_STATE": storage, "REKEY_STATE_CONNECTION_STRING": storage,
	}
	key, err := s.hashKey()
	if err != nil {
		return nil, err
	}
	switch app {
	case "detect":
		maps.Copy(set, map[string]string{
			"REKEY_EVENTHUB": s.HubConnectionString(), "REKEY_CONSUMER_GROUP": consumerGroup, "REKEY_HASH_KEY": key, "REKEY_UPKEEP_SCHEDULE": "*/10 * * * * *",
		})
		for _, hub := range Hubs {
			set["REKEY_HUB_"+strings.ToUpper(hub)] = hub
		}
		maps.Copy(set, s.config.Detect)
	case "face":
		maps.Copy(set, map[string]string{
			"REKEY_API_AUDIENCE": APIClientID + "," + APIURI, "REKEY_AUTHORITY_URL": s.Cloud.AuthorityURL, "SSL_CERT_FILE": s.Cloud.CAFile,
		})
	case "respond":
		maps.Copy(set, s.Cloud.Env())
		maps.Copy(set, map[string]string{
			"REKEY_SWEEP_SCHEDULE": "*/30 * * * * *", "REKEY_HASH_KEY": key, "REKEY_CLIENT_ID": Identity, "REKEY_GRAPH_URL": s.Cloud.GraphURL,
			"REKEY_ARM_URL":       s.Cloud.ARMURL,
			"REKEY_AUTHORITY_URL": s.Cloud.AuthorityURL, "REKEY_VAULT_URL": s.Cloud.VaultURL, "REKEY_PRIVATE_ENDPOINTS": "true",
			"REKEY_NOTICES_HUB": NoticesHub, "REKEY_NOTICES_CONNECTION_STRING": s.noticesConnection(),
			"REKEY_POSTURE_EVERY": "0s", // the tenant's hosts are made up: nobody is asked for them
		})
		maps.Copy(set, s.config.Respond)
	}
	return set, nil
}

// hashKey is the tenant's key, kept beside the data it belongs to.
func (s *Stack) hashKey() (string, error) {
	path := filepath.Join(s.config.Dir, "hash.key")
	if b, err := os.ReadFile(path); err == nil {
		return string(b), nil
	}
	key, err := secret()
	if err != nil {
		return "", err
	}
	return key, os.WriteFile(path, []byte(key), 0o600)
}

// start runs the host and waits until its handler answers.
func (h *host) start(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	cmd := exec.Command(h.program, "host", h.file) //nolint:noctx // ends with kill or stop
	cmd.Stderr = os.Stderr
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	h.cmd, h.exited = cmd, exited
	return h.ready(ctx)
}

const startLimit = 30 * time.Second

// ready waits for the state "Running" of the host's status.
func (h *host) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if state, _ := h.state(ctx); state == "Running" {
			return nil
		}
		select {
		case <-h.exited:
			return errors.New("the host ended; its reason is above")
		case <-ctx.Done():
			return fmt.Errorf("the host does not run after %s", startLimit)
		case <-tick.C:
		}
	}
}

func (h *host) state(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.http+"/admin/host/status", nil)
	if err != nil {
		return "", err
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	var status struct{ State string }
	err = json.NewDecoder(r.Body).Decode(&status)
	return status.State, err
}

// stop ends the host and waits for it.
func (h *host) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return
	}
	_ = h.cmd.Process.Signal(os.Interrupt)
	timer := time.AfterFunc(10*time.Second, func() { _ = h.cmd.Process.Kill() })
	<-h.exited
	timer.Stop()
	h.cmd = nil
}

// KillHost ends an app's host at once, with its handler.
func (s *Stack) KillHost(app string) {
	h := s.hosts[app]
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd != nil {
		_ = h.cmd.Process.Kill()
		<-h.exited
		h.cmd = nil
	}
}

// Revive starts the hosts that are not running: killed ones, and those that stopped because their handler had crashed
// too often, which the platform starts again, too.
func (s *Stack) Revive(ctx context.Context) error {
	for _, app := range Apps {
		h := s.hosts[app]
		if h.running() {
			continue
		}
		if err := h.start(ctx); err != nil {
			return fmt.Errorf("starting the host of %s again: %w", app, err)
		}
	}
	return nil
}

func (h *host) running() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return false
	}
	select {
	case <-h.exited:
		return false
	default:
		return true
	}
}

// HashKey returns the key that the stack's baselines are hashed with, in base64.
func (s *Stack) HashKey() (string, error) { return s.hashKey() }

// KillHandler ends an app's handler process at once; its host starts it again. It needs /proc.
func (s *Stack) KillHandler(app string) error {
	h := s.hosts[app]
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == nil {
		return errors.New("the host is not running")
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", h.cmd.Process.Pid))
	if err != nil {
		return err
	}
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // the thread ended meanwhile
		}
		for field := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(field); err == nil {
				if p, err := os.FindProcess(pid); err == nil {
					_ = p.Kill()
				}
			}
		}
	}
	return nil
}
