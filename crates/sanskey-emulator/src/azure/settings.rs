//! What can be set about Azure.

use crate::settings::is_header_value;

/// The usual audience of a token that is to be exchanged at Entra.
pub(super) const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// Azure Resource Manager, which every directory knows; its tokens are of version 1.
const RESOURCE_MANAGER: &str = "https://management.azure.com";

/// A directory, its identities, and the application that tokens for Google are made out to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Azure {
    /// The directory's id.
    pub tenant: String,
    /// The identity that the virtual machine or the app has of its own, if it is switched on.
    pub system_identity: Option<Identity>,
    /// The identities that are assigned to it beside that one.
    pub user_identities: Vec<Identity>,
    /// The id URIs of the application that stands for Google. None means the second provider's name, with `https:`
    /// before it, as Google's guide proposes.
    pub app_id_uris: Vec<String>,
    /// The id of that application, the audience of its tokens of version 2.
    pub resource_application_id: String,
    /// The version of tokens that this application accepts.
    pub token_version: TokenVersion,
    /// The secret that App Service gives to an app as `IDENTITY_HEADER`.
    pub identity_header: String,
    /// The client id of the application with a federated credential for pods of the cluster.
    pub application_id: String,
    /// The object id of that application's service principal.
    pub application_object_id: String,
    /// The subject of that federated credential. Its issuer is the cluster's.
    pub federated_subject: String,
}

/// A managed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id of its application.
    pub client_id: String,
    /// The id of its service principal, which is the subject of its tokens.
    pub object_id: String,
    /// Its path in Azure Resource Manager.
    pub resource_id: String,
}

/// The two versions of access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenVersion {
    /// Issued by `https://sts.windows.net/TENANT/`.
    V1,
    /// Issued by `https://login.microsoftonline.com/TENANT/v2.0`.
    V2,
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            tenant: "7c3f1a52-9d84-4e6b-a1c0-5f2e8b7d4a36".to_owned(),
            system_identity: Some(Identity::of_machine()),
            user_identities: vec![Identity::assigned("b6d2e8f4-1a3c-4597-8e0b-2d4f6a8c0e13")],
            app_id_uris: Vec::new(),
            resource_application_id: "e1f0a9b8-c7d6-4e5f-8a4b-3c2d1e0f9a87".to_owned(),
            token_version: TokenVersion::V1,
            identity_header: "emulator-identity-header".to_owned(),
            application_id: "40c8d1b7-5e92-4f3a-b6d0-9a1c7e3f5b28".to_owned(),
            application_object_id: "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a".to_owned(),
            federated_subject: crate::settings::POD_SUBJECT.to_owned(),
        }
    }
}

impl Identity {
    /// The identity that a virtual machine has of its own.
    pub(crate) fn of_machine() -> Self {
        Self {
            client_id: "2a4c6e80-1b3d-4f5a-9c7e-8d6b4a2f0e1c".to_owned(),
            object_id: "5d7f9b1c-3e5a-4c8d-b0f2-6a8c0e2d4f7b".to_owned(),
            resource_id: format!("{GROUP}/Microsoft.Compute/virtualMachines/sanskey-vm"),
        }
    }

    /// An identity with this client id that is assigned to machines and apps.
    pub fn assigned(client_id: &str) -> Self {
        // Told from the client id, so that each has one of its own.
        let object_id = client_id.chars().rev().map(|c| if c == '-' { '0' } else { c }).collect::<String>();
        let object_id =
            [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| object_id.get(part).unwrap_or("0")).join("-");
        let name = client_id.split('-').next().unwrap_or_default();
        Self {
            client_id: client_id.to_owned(),
            object_id,
            resource_id: format!("{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/sanskey-{name}"),
        }
    }
}

const GROUP: &str = "/subscriptions/8f6e4d2c-0b1a-4938-a7c6-e5d4c3b2a190/resourcegroups/sanskey/providers";

impl Azure {
    /// The issuer of the tokens of a version.
    pub(crate) fn issuer(&self, version: TokenVersion) -> String {
        match version {
            TokenVersion::V1 => format!("https://sts.windows.net/{}/", self.tenant),
            TokenVersion::V2 => format!("https://login.microsoftonline.com/{}/v2.0", self.tenant),
        }
    }

    /// Whether the directory has an application with this id URI. A slash at the end makes no difference here,
    /// although it stays in the audience.
    pub(super) fn has_resource(&self, resource: &str, provider: &str) -> bool {
        let resource = resource.trim_end_matches('/');
        resource == RESOURCE_MANAGER || resource == self.resource_application_id || {
            let usual = format!("https:{provider}");
            let has = |uri: &str| uri.trim_end_matches('/') == resource;
            if self.app_id_uris.is_empty() {
                has(&usual)
            } else {
                self.app_id_uris.iter().any(|uri| has(uri))
            }
        }
    }

    pub(super) fn version_for(&self, resource: &str) -> TokenVersion {
        if resource.trim_end_matches('/') == RESOURCE_MANAGER { TokenVersion::V1 } else { self.token_version }
    }

    /// Why this cannot work, if it cannot.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let is_id = |text: &str| {
            text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
                && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        };
        let ids =
            [&self.tenant, &self.resource_application_id, &self.application_id, &self.application_object_id];
        let identities = self.system_identity.iter().chain(&self.user_identities);
        if !ids.into_iter().all(|id| is_id(id)) {
            Some("an id of Azure is not a UUID")
        } else if !identities.into_iter().all(|identity| is_id(&identity.client_id)) {
            Some("the client id of a managed identity is not a UUID")
        } else if !is_header_value(&self.identity_header) {
            Some("the identity header cannot be a header value")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Azure, Identity};

    #[test]
    fn the_defaults_are_ids() {
        let azure = Azure::default();
        assert_eq!(azure.problem(), None);
        let identity = Identity::assigned(&azure.application_id);
        let lengths: Vec<_> = identity.object_id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_ne!(identity.object_id, identity.client_id);
        assert!(Azure { tenant: "common".to_owned(), ..azure }.problem().is_some());
    }
}
