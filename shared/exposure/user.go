package exposure

import (
	"rekey/shared/event"
)

// developerClients are Microsoft's own public clients with which people, and intruders who stole a person's token, call
// Graph by hand or from a script. Everybody may use them without registering anything.
var developerClients = map[string]string{
	"04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
	"1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
	"1b730954-1685-4b74-9bfd-dac224a7b894": "Azure AD PowerShell",
	"14d82eec-204b-4c2f-b7e8-296a70dab67e": "Graph PowerShell",
	"de8bc8b5-d9f9-48b1-a8ad-b748da725064": "Graph Explorer",
	"aebc6443-996d-45c2-90f0-388ff96faa56": "Visual Studio Code",
}

// userFact reads what a person does with a developer client: a sign-in, by client and origin, and a Graph call that lists
// everything of a kind. It is the person's and not the client's, which Microsoft owns.
func userFact(e *event.Event) (Fact, bool) {
	client, ok := developerClients[e.Principal.AppID]
	if !ok || userOf(e) == "" {
		return Fact{}, false
	}
	if e.Kind == event.KindUserSignIn {
		if !e.SignIn.Succeeded() {
			return Fact{}, false
		}
		return Fact{Class: ClassCall, Op: OpClient, Object: client + " from " + OriginOf(e).String()}, true
	}
	read := graphFact
	if e.Kind == event.KindDirectoryGraphActivity {
		read = oldGraphFact
	}
	f, ok := read(e.Graph)
	if !ok || f.Class != ClassCall {
		return Fact{}, false
	}
	if what, lists := listed(&Read{Object: f.Object, Ops: f.Op}); lists {
		return Fact{Class: ClassCall, Op: OpUserList, Object: client + ": GET /" + what}, true
	}
	return Fact{}, false
}

func userOf(e *event.Event) string {
	switch {
	case e.Graph != nil:
		return e.Graph.UserID
	case e.Kind == event.KindUserSignIn:
		return e.SignIn.UserID
	}
	return ""
}

// Who returns whose index the fact of a record belongs to: the workload's, or for a person's use of a developer client
// his.
func Who(e *event.Event) event.Principal {
	if id := userOf(e); id != "" {
		return event.User(id)
	}
	return e.Principal
}
