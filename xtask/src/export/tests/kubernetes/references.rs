//! What one object says of another, which no schema checks.

use serde_json::Value;

use super::ODD;
use crate::detect::yaml;
use crate::export::Target;
use crate::export::tests::{SHOP, exported};

#[test]
fn every_reference_has_its_object() {
    for file in [SHOP, ODD] {
        let documents = documents(file);
        let of_kind = |kind: &str| documents.iter().filter(|it| it["kind"] == *kind).collect::<Vec<_>>();
        let names: Vec<_> = of_kind("ConfigMap").iter().map(|it| name(it)).collect();
        let pods = [of_kind("Deployment"), of_kind("Job")].concat();
        assert!(!pods.is_empty());
        for object in &documents {
            is_a_name(name(object));
        }
        for object in &pods {
            let template = &object["spec"]["template"];
            if object["kind"] == "Deployment" {
                assert_eq!(
                    object["spec"]["selector"]["matchLabels"],
                    template["metadata"]["labels"]
                );
            }
            let mut seen = Vec::new();
            for container in containers(template) {
                is_a_name(name_of(container));
                assert!(!seen.contains(&name_of(container)), "{template:#}");
                seen.push(name_of(container));
                let from = list(&container["envFrom"])
                    .iter()
                    .filter_map(|it| it["configMapRef"]["name"].as_str());
                for from in from {
                    assert!(names.contains(&from), "{from}");
                }
                for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    for handler in ["httpGet", "tcpSocket"] {
                        let port = &container[probe][handler]["port"];
                        assert!(port.is_null() || port_names(container).contains(&port), "{container:#}");
                    }
                }
            }
        }
        for service in of_kind("Service") {
            let is_behind = |it: &&&Value| it["spec"]["template"]["metadata"]["labels"] == service["spec"]["selector"];
            let behind = pods.iter().find(is_behind).expect("a Service has pods");
            let ports: Vec<_> = containers(&behind["spec"]["template"]).flat_map(port_names).collect();
            for port in list(&service["spec"]["ports"]) {
                assert!(ports.contains(&&port["targetPort"]), "{service:#}");
                assert!((1..=65535).contains(&port["port"].as_u64().unwrap_or(0)), "{service:#}");
            }
        }
    }
}

fn documents(file: &str) -> Vec<Value> {
    let exported = exported(Target::Kubernetes, "/app", file).expect("it can be exported");
    let texts = exported.files[0].text.split("---\n");
    texts.map(|text| yaml::value(text).expect("it is YAML")).collect()
}

/// Source: RFC 1035, 2.3.1.
#[track_caller]
fn is_a_name(name: &str) {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_good = name.starts_with(|it: char| it.is_ascii_lowercase()) && !name.ends_with('-');
    assert!(is_good && name.len() <= 63 && name.chars().all(allowed), "{name}");
}

fn name(object: &Value) -> &str {
    name_of(&object["metadata"])
}

fn name_of(object: &Value) -> &str {
    object["name"].as_str().expect("it has a name")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn containers(template: &Value) -> impl Iterator<Item = &Value> {
    let spec = &template["spec"];
    list(&spec["initContainers"]).iter().chain(list(&spec["containers"]))
}

fn port_names(container: &Value) -> Vec<&Value> {
    list(&container["ports"]).iter().map(|port| &port["name"]).collect()
}
