package functions

import (
	"fmt"
	"regexp"
	"strings"
)

// settings are the app settings: %NAME% in function.json, and connections by name, are looked up here and nowhere else,
// so that an app that lacks a setting fails here as it would in Azure.
type settings map[string]string

var percent = regexp.MustCompile(`%([^%\s]+)%`)

// resolve replaces each %NAME% by its setting.
func (s settings) resolve(text string) (string, error) {
	var missing []string
	out := percent.ReplaceAllStringFunc(text, func(m string) string {
		name := strings.Trim(m, "%")
		value, ok := s[name]
		if !ok {
			missing = append(missing, name)
		}
		return value
	})
	if missing != nil {
		return "", fmt.Errorf("resolving %q: app setting %s does not exist", text, strings.Join(missing, ", "))
	}
	return out, nil
}

// connection returns the connection string that a binding names. The text of an error holds the name, never the value.
func (s settings) connection(name string) (string, error) {
	for _, key := range []string{"AzureWebJobs" + name, name} {
		if value := s[key]; value != "" {
			return value, nil
		}
	}
	if s[name+"__fullyQualifiedNamespace"] != "" || s[name+"__queueServiceUri"] != "" || s[name+"__accountName"] != "" {
		return "", fmt.Errorf("connection %q is by identity: this host needs a connection string in app setting %s", name, name)
	}
	return "", fmt.Errorf("connection %q: neither app setting %s nor AzureWebJobs%s exists", name, name, name)
}

// storage returns a storage account's connection string, with the short form of the local emulator spelled out.
func (s settings) storage(name string) (string, error) {
	value, err := s.connection(name)
	if err != nil || !strings.EqualFold(strings.TrimSuffix(value, ";"), "UseDevelopmentStorage=true") {
		return value, err
	}
	return emulator, nil
}

// emulator is the connection string that UseDevelopmentStorage=true stands for. Its key is public and opens nothing.
const emulator = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;" +
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTocr/KBHBeksoGMGw==;" +
	"BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;" +
	"QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
	"TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
