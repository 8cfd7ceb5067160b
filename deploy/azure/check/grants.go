package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rekey/deploy/azure/usage"
)

// roles are Azure's built-in roles that the plan may give, by id.
var roles = map[string]string{
	"76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
	"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
	"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
	"ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
	"b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
	"c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
	"8a0f0c08-91a1-4084-bc3d-661d67233fed": "Storage Queue Data Message Processor",
	"19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
	"a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
	"2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
	"3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
	"b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
	"a4417e6f-fecd-4de8-b567-7b0420556985": "Key Vault Certificates Officer",
	"12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
}

// stateRoles are what a use of state needs.
var stateRoles = map[string]string{
	"table read": "Storage Table Data Reader", "table write": "Storage Table Data Contributor",
	"container read": "Storage Blob Data Reader", "container write": "Storage Blob Data Contributor",
	"queue ring": "Storage Queue Data Message Sender",
}

// Grant is one role that an app has.
type Grant struct{ App, Role, On, Because string }

func (g Grant) key() string { return g.App + ": " + g.Role + " on " + g.On }

// Needs are the grants that the code needs, from what each app uses and which functions it has.
func (t Tree) Needs(used map[string]*usage.Usage, triggers map[string][]Trigger) []Grant {
	var out []Grant
	for _, app := range Apps {
		add := func(role, on, because string) { out = append(out, Grant{app, role, on, because}) }
		add("Storage Blob Data Owner", "its host account", "the Functions host: leases, checkpoints, keys, and the package")
		add("Storage Table Data Contributor", "its host account", "the Functions host: its diagnosis")
		add("Monitoring Metrics Publisher", "Application Insights", "the log")
		u := used[app]
		for name, how := range u.State {
			kind, _, _ := strings.Cut(name, " ")
			add(stateRoles[kind+" "+how], name, "the code "+map[string]string{"read": "reads", "write": "writes", "ring": "rings"}[how]+" it")
		}
		for _, tr := range triggers[app] {
			switch tr.Type {
			case "queueTrigger":
				queue := "queue " + tr.QueueName
				add("Storage Queue Data Message Processor", queue, "the Functions host takes messages for "+tr.Function)
				add("Storage Queue Data Reader", queue, "the Functions host looks how many wait for "+tr.Function)
				add("Storage Queue Data Message Sender", queue+"-poison", "the Functions host parks what failed too often")
			case "eventHubTrigger":
				add("Azure Event Hubs Data Receiver", "hub "+tr.Function, "the Functions host reads for "+tr.Function)
			}
		}
		if _, ok := u.Settings["REKEY_HASH_KEY"]; ok {
			add("Key Vault Secrets User", "the settings vault", "the setting REKEY_HASH_KEY is a secret of it")
		}
		if slices.Contains(u.Methods["eventhub"], "Sender.Publish") {
			add("Azure Event Hubs Data Sender", "hub notices", "the code tells programs outside")
		}
		for _, m := range u.Methods["vault"] {
			switch m {
			case "Client.Make", "Client.Renew":
				add("Key Vault Certificates Officer", "the certificate vault", "the code makes certificates")
			case "Client.SignPS256":
				add("Key Vault Crypto User", "the certificate vault", "the code signs with their keys")
			}
		}
	}
	out = append(out, t.people(used[People], triggers["detect"])...)
	slices.SortFunc(out, func(a, b Grant) int { return strings.Compare(a.key(), b.key()) })
	return slices.CompactFunc(out, func(a, b Grant) bool { return a.key() == b.key() })
}

// people are the grants of those who run Rekey: they read all of state, and write what their commands write.
func (t Tree) people(u *usage.Usage, hubs []Trigger) []Grant {
	var out []Grant
	add := func(role, on, because string) { out = append(out, Grant{People, role, on, because}) }
	for _, role := range []string{"Storage Table Data Reader", "Storage Blob Data Reader", "Storage Queue Data Reader"} {
		add(role, "the state account", "whoever answers for Rekey sees what it knows")
	}
	add("Key Vault Secrets Officer", "the settings vault", "somebody writes the secret settings")
	for name, how := range u.State {
		if kind, _, _ := strings.Cut(name, " "); how != "read" {
			add(stateRoles[kind+" "+how], name, "commands of rekey "+map[string]string{"write": "write", "ring": "ring"}[how]+" it")
		}
	}
	if slices.Contains(u.Methods["eventhub"], "Sender.Send") {
		for _, h := range hubs {
			if h.Type == "eventHubTrigger" {
				add("Azure Event Hubs Data Sender", "hub "+h.Function, "commands of rekey send parked messages again")
			}
		}
	}
	return out
}

// principals of testdata/known.tfvars, and the operators of terraform.tfvars.example.
var principals = map[string]string{
	"00000000-0000-0000-0000-0000000000d1": "detect", "00000000-0000-0000-0000-0000000000f1": "face", "00000000-0000-0000-0000-0000000000e1": "respond",
	"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee": People,
}

// scopes word the ids of what roles are given on.
var scopes = []struct {
	id   *regexp.Regexp
	word string
}{
	{regexp.MustCompile(`/storageAccounts/rekeystate\w{6}/tableServices/default/tables/([^/]+)$`), "table $1"},
	{regexp.MustCompile(`/storageAccounts/rekeystate\w{6}/queueServices/default/queues/([^/]+)$`), "queue $1"},
	{regexp.MustCompile(`/storageAccounts/rekeystate\w{6}/blobServices/default/containers/([^/]+)$`), "container $1"},
	{regexp.MustCompile(`/storageAccounts/rekeystate\w{6}$`), "the state account"},
	{regexp.MustCompile(`/storageAccounts/rekey(detect|face|respond)\w{6}$`), "the host account of $1"},
	{regexp.MustCompile(`/namespaces/rekey-westeurope-\w{6}/eventhubs/([^/]+)$`), "hub $1"},
	{regexp.MustCompile(`/namespaces/rekey-northeurope-\w{6}/eventhubs/vaultlogs-northeurope$`), "hub vaultlogs2"},
	{regexp.MustCompile(`/vaults/rekey-set-\w{6}$`), "the settings vault"},
	{regexp.MustCompile(`/vaults/rekey-\w{6}$`), "the certificate vault"},
	{regexp.MustCompile(`/components/[^/]+$`), "Application Insights"},
}

// Given are the grants of the apps in a plan of testdata/known.tfvars, acts outside of Rekey's own resources left out.
func Given(p *Plan) ([]Grant, error) {
	var out []Grant
	for _, r := range p.Resources {
		app := principals[fmt.Sprint(r.at("properties", "principalId"))]
		if r.azure() != "Microsoft.Authorization/roleAssignments" || r.Name == "act_grant" || app == "" {
			continue
		}
		id := fmt.Sprint(r.at("properties", "roleDefinitionId"))
		role := roles[id[strings.LastIndex(id, "/")+1:]]
		if role == "" {
			return nil, fmt.Errorf("%s gives the role %s, which is not known here", r.Address, id)
		}
		out = append(out, Grant{App: app, Role: role, On: word(r.text("parent_id"), app)})
	}
	return out, nil
}

func word(scope, app string) string {
	for _, s := range scopes {
		if m := s.id.FindStringSubmatchIndex(scope); m != nil {
			w := string(s.id.ExpandString(nil, s.word, scope, m))
			return strings.ReplaceAll(w, "the host account of "+app, "its host account")
		}
	}
	return scope
}

// Grants compares what is given with what is needed.
func Grants(given, needed []Grant) []string {
	have, need := map[string]bool{}, map[string]string{}
	for _, g := range needed {
		need[g.key()] = g.Because
	}
	var out []string
	for _, g := range given {
		have[g.key()] = true
		if _, ok := need[g.key()]; !ok {
			out = append(out, "too much: the plan gives "+g.key()+", and no code needs it (access.tf, roles.tf)")
		}
	}
	for _, g := range needed {
		if !have[g.key()] {
			out = append(out, "too little: the plan lacks "+g.key()+": "+g.Because+" (access.tf, roles.tf)")
		}
	}
	slices.Sort(out)
	return out
}
