package simulate

// client is what a program says of itself: its user agent, and its library as authenticationProcessingDetails has it.
type client struct{ agent, library string }

// families of clients. A version bump goes to the next client of the family.
const (
	netWindows = iota
	netLinux
	java
	python
	goLinux
	node
	adal // the library that roll-outs replace by netWindows
	terraform
	rawPython
	rawGo
	rawHTTP
	families
)

// family is one program in its versions, from the oldest.
type family struct{ before, after string }

var familyShape = [families]struct {
	agent, library family
	versions       [][2]string // of the agent and of the library
}{
	netWindows: {
		family{"azsdk-net-Identity/", " (.NET 8.0.11; Microsoft Windows 10.0.20348)"}, family{"Family: MSAL Library: MSAL.NET ", " Platform: .NET"},
		[][2]string{{"1.11.4", "4.61.3.0"}, {"1.12.1", "4.65.0.0"}, {"1.13.1", "4.66.2.0"}, {"1.13.2", "4.67.2.0"}, {"1.14.2", "4.73.1.0"}, {"1.15.0", "4.76.0.0"}},
	},
	netLinux: {
		family{"azsdk-net-Identity/", " (.NET 8.0.14; Debian GNU/Linux 12 (bookworm))"}, family{"Family: MSAL Library: MSAL.NET ", " Platform: .NET Core"},
		[][2]string{{"1.11.4", "4.61.3.0"}, {"1.12.1", "4.65.0.0"}, {"1.13.1", "4.66.2.0"}, {"1.13.2", "4.67.2.0"}, {"1.14.2", "4.73.1.0"}, {"1.15.0", "4.76.0.0"}},
	},
	java: {
		family{"okhttp/", ""}, family{"Family: MSAL Library: MSAL.Java ", " Platform: Java"},
		[][2]string{{"4.8.1", "1.10.0"}, {"4.9.3", "1.13.11"}, {"4.11.0", "1.14.3"}, {"4.12.0", "1.17.2"}, {"4.12.0", "1.20.1"}, {"5.1.0", "1.22.0"}},
	},
	python: {
		family{"azsdk-python-identity/", " Python/3.11.9 (Linux-5.15.0-1070-azure-x86_64-with-glibc2.36)"}, family{"Family: MSAL Library: MSAL.Python ", " Platform: Python"},
		[][2]string{{"1.15.0", "1.26.0"}, {"1.16.1", "1.28.0"}, {"1.17.1", "1.30.0"}, {"1.19.0", "1.31.1"}, {"1.21.0", "1.32.3"}, {"1.23.1", "1.33.0"}},
	},
	goLinux: {
		family{"azsdk-go-azidentity/v", " (go1.23.4; linux)"}, family{"Family: MSAL Library: MSAL.Go ", " Platform: linux"},
		[][2]string{{"1.5.1", "1.2.1"}, {"1.6.0", "1.2.2"}, {"1.7.0", "1.2.2"}, {"1.8.0", "1.3.2"}, {"1.10.0", "1.4.2"}, {"1.11.0", "1.5.0"}},
	},
	node: {
		family{"azsdk-js-identity/", " core-rest-pipeline/1.16.0 Node/18.20.4 OS/(x64-Linux-5.15.0)"}, family{"Family: MSAL Library: MSAL.Node ", " Platform: linux"},
		[][2]string{{"4.1.0", "2.6.6"}, {"4.3.0", "2.9.2"}, {"4.4.1", "2.13.0"}, {"4.5.0", "2.16.2"}, {"4.8.0", "3.4.1"}, {"4.10.0", "3.6.3"}},
	},
	adal: {
		family{"", ""}, family{"Family: ADAL Library: ADAL.NET ", " Platform: .NET FW"},
		[][2]string{{"", "2.29.0.1078"}, {"", "3.19.8.16603"}, {"", "5.2.9"}},
	},
	terraform: {
		family{"HashiCorp Terraform/", " (+https://www.terraform.io) terraform-provider-azurerm/3.116.0 hamilton/0.67.0"}, family{"", ""},
		[][2]string{{"1.5.7", ""}, {"1.7.5", ""}, {"1.9.5", ""}, {"1.10.3", ""}, {"1.11.4", ""}, {"1.12.2", ""}},
	},
	rawPython: {
		family{"python-requests/", ""}, family{"", ""},
		[][2]string{{"2.28.2", ""}, {"2.31.0", ""}, {"2.32.3", ""}, {"2.32.4", ""}},
	},
	rawGo:   {family{"Go-http-client/", ""}, family{"", ""}, [][2]string{{"1.1", ""}, {"2.0", ""}}},
	rawHTTP: {family{"axios/", ""}, family{"", ""}, [][2]string{{"0.27.2", ""}, {"1.6.8", ""}, {"1.7.9", ""}}},
}

// tools are what intruders use as it comes. Honest people use most of them, too.
var tools = []client{
	{"python-requests/2.31.0", ""},
	{"Go-http-client/1.1", ""},
	{"python/3.11.8 (Linux-6.5.0-kali3-amd64-x86_64-with-glibc2.37) AZURECLI/2.61.0 (DEB)", "Family: MSAL Library: MSAL.Python 1.28.0 Platform: Python"},
	{"curl/8.5.0", ""},
	{"azurehound/v2.1.9", ""},
	{"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4894", ""},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36", ""},
}

// Indexes of clients that belong to no family: the bare one that says nothing, and the tools.
const (
	bareClient int16 = iota
	firstTool
	_
	azureCLI
	curl
	_
	powerShell
)

// catalogue is all clients, and where each family begins in it.
type catalogue struct {
	list  []client
	first [families + 1]int16
}

func newCatalogue() *catalogue {
	c := &catalogue{list: append([]client{bareClient: {}}, tools...)}
	for f, shape := range familyShape {
		c.first[f] = int16(len(c.list))
		for _, v := range shape.versions {
			c.list = append(c.list, client{spelled(shape.agent, v[0]), spelled(shape.library, v[1])})
		}
	}
	c.first[families] = int16(len(c.list))
	return c
}

func spelled(f family, v string) string {
	if v == "" {
		return f.before + f.after
	}
	return f.before + v + f.after
}

// of is the version of a family that stands at a place, from the oldest; too high a place is the newest.
func (c *catalogue) of(f, place int) int16 {
	return min(c.first[f]+int16(place), c.first[f+1]-1)
}

// next is the version after a client, or the client itself when it is the newest.
func (c *catalogue) next(n int16) int16 {
	f := c.family(n)
	if f < 0 {
		return n
	}
	return min(n+1, c.first[f+1]-1)
}

// family is the family of a client, or -1.
func (c *catalogue) family(n int16) int {
	for f := range families {
		if n >= c.first[f] && n < c.first[f+1] {
			return f
		}
	}
	return -1
}

// tool draws what an intruder brings.
func (c *catalogue) tool(d dice) int16 { return firstTool + int16(d.IntN(len(tools))) }
