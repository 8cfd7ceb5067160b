package entralog

// field is something that is read from a sign-in. Its value is a text: names and numbers are understood only when the
// whole record was read.
type field uint8

const (
	skipped field = iota // a member that is not used

	category
	exported // when the log wrote the record
	tenantResource
	tenant
	caller
	correlation
	region // the country, as the record's own location
	resultType

	recordID
	created
	appID
	principalID
	principalName
	appName
	userID
	ipAddress
	asNumber
	country // the country in the properties: it counts more than region, if there is one
	resourceID
	resourceName
	resourceObject
	errorCode
	userAgent
	credential
	keyID
	thumbprint
	federatedID
	token
	ownerTenant
	conditionalAccess
	libraryKey   // of one authentication detail
	libraryValue // of one authentication detail
	library      // the value of the detail that names the library
	networkType  // of one named location
	trusted      // the type of the named location that the tenant trusts, if there is one
	texts        // how many fields are texts

	// Members that hold others.
	properties = iota - 1
	place
	status
	details
	locations
)

// object is a kind of object within a record. The same name means different things in different ones.
type object uint8

const (
	inRecord object = iota
	inProperties
	inPlace
	inStatus
	inDetail
	inLocation
	inSkipped // anywhere within a value that is not used
)

// fieldOf says what a member of an object is.
func fieldOf(in object, name string) field {
	switch in {
	case inRecord:
		return fieldOfRecord(name)
	case inProperties:
		return fieldOfProperties(name)
	case inPlace:
		if name == "countryOrRegion" {
			return country
		}
	case inStatus:
		if name == "errorCode" {
			return errorCode
		}
	case inDetail:
		switch name {
		case "key":
			return libraryKey
		case "value":
			return libraryValue
		}
	case inLocation:
		if name == "networkType" {
			return networkType
		}
	}
	return skipped
}

func fieldOfRecord(name string) field {
	switch name {
	case "category":
		return category
	case "time":
		return exported
	case "resourceId":
		return tenantResource
	case "tenantId":
		return tenant
	case "callerIpAddress":
		return caller
	case "correlationId":
		return correlation
	case "location":
		return region
	case "resultType":
		return resultType
	case "properties":
		return properties
	}
	return skipped
}

func fieldOfProperties(name string) field {
	switch name {
	case "id":
		return recordID
	case "createdDateTime":
		return created
	case "appId":
		return appID
	case "servicePrincipalId":
		return principalID
	case "servicePrincipalName":
		return principalName
	case "appDisplayName":
		return appName
	case "userId":
		return userID
	case "ipAddress":
		return ipAddress
	case "autonomousSystemNumber":
		return asNumber
	case "location":
		return place
	case "resourceId":
		return resourceID
	case "resourceDisplayName":
		return resourceName
	case "resourceServicePrincipalId":
		return resourceObject
	case "status":
		return status
	case "userAgent":
		return userAgent
	case "authenticationProcessingDetails":
		return details
	case "networkLocationDetails":
		return locations
	case "clientCredentialType":
		return credential
	case "servicePrincipalCredentialKeyId":
		return keyID
	case "servicePrincipalCredentialThumbprint":
		return thumbprint
	case "federatedCredentialId":
		return federatedID
	case "uniqueTokenIdentifier":
		return token
	case "appOwnerTenantId":
		return ownerTenant
	case "conditionalAccessStatus":
		return conditionalAccess
	}
	return skipped
}

// needed names the members that must be strings or null.
var needed = [texts]string{
	exported: "time", recordID: "properties.id", created: "properties.createdDateTime", appID: "properties.appId",
	principalID: "properties.servicePrincipalId",
}
