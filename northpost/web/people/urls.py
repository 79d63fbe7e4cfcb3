from __future__ import annotations

from django.urls import path

from northpost.web.people.views import imports, listing, lists, person

urlpatterns = [
    path("", listing.people, name="people"),
    path("bulk/", listing.people_bulk, name="people_bulk"),
    path("export/", listing.people_export, name="people_export"),
    path("new/", person.person_create, name="person_create"),
    path("<int:contact_id>/", person.person, name="person"),
    path("<int:contact_id>/edit/", person.person_edit, name="person_edit"),
    path("<int:contact_id>/timeline/", person.person_timeline, name="person_timeline"),
    path("<int:contact_id>/belongs/", person.person_belongs, name="person_belongs"),
    path("<int:contact_id>/consent/", person.person_consent, name="person_consent"),
    path("<int:contact_id>/export/", person.person_export, name="person_export"),
    path("<int:contact_id>/erase/", person.person_erase, name="person_erase"),
    path("imports/", imports.imports, name="imports"),
    path("imports/new/", imports.import_start, name="import_start"),
    path("imports/<int:run_id>/", imports.import_run, name="import_run"),
    path("imports/<int:run_id>/understand/", imports.import_understand, name="import_understand"),
    path("imports/<int:run_id>/go/", imports.import_go, name="import_go"),
    path("imports/<int:run_id>/progress/", imports.import_progress, name="import_progress"),
    path("imports/<int:run_id>/refused/", imports.import_refused, name="import_refused"),
    path("imports/<int:run_id>/undo/", imports.import_undo, name="import_undo"),
    path("lists/", lists.lists, name="lists"),
    path("lists/new/", lists.list_create, name="list_create"),
    path("lists/<int:list_id>/", lists.list_edit, name="list_edit"),
    path("lists/<int:list_id>/archive/", lists.list_archive, name="list_archive"),
    path("lists/<int:list_id>/restore/", lists.list_restore, name="list_restore"),
    path("tags/", lists.tags, name="tags"),
    path("tags/new/", lists.tag_create, name="tag_create"),
    path("tags/<int:tag_id>/", lists.tag_edit, name="tag_edit"),
    path("tags/<int:tag_id>/delete/", lists.tag_delete, name="tag_delete"),
]
